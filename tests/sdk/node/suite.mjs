// Stripe's Node SDK, unmodified, against the local server.
//
// The environment says where the server is: TESTCARD_URL, TESTCARD_CONTROL (its control token) and TESTCARD_PROGRAM,
// for servers of a test's own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Stripe from 'stripe';

const { TESTCARD_URL: URL_OF_SERVER, TESTCARD_CONTROL: CONTROL, TESTCARD_PROGRAM: PROGRAM } = process.env;
const THIS_YEAR = new Date().getUTCFullYear();
const YEAR = THIS_YEAR + 3;
const { errors } = Stripe;

// The keys of a token's card in the order in which Stripe writes them; the version of the API page lacks those in
// CURRENT.
const PAGE_VERSION = '2022-11-15';
const CURRENT = ['email', 'networks', 'phone', 'regulated_status'];
const CARD = [
  'id', 'object', 'address_city', 'address_country', 'address_line1', 'address_line1_check', 'address_line2',
  'address_state', 'address_zip', 'address_zip_check', 'brand', 'country', 'cvc_check', 'dynamic_last4', 'email',
  'exp_month', 'exp_year', 'fingerprint', 'funding', 'last4', 'metadata', 'name', 'networks', 'phone',
  'regulated_status', 'tokenization_method', 'wallet',
];
const TOKEN = ['id', 'object', 'card', 'client_ip', 'created', 'livemode', 'type', 'used'];
// Number, code, decline_code, message and param of the charge that is declined.
const DECLINES = [
  ['4000000000000002', 'card_declined', 'generic_decline', 'Your card was declined.'],
  ['4000000000009995', 'card_declined', 'insufficient_funds', 'Your card has insufficient funds.'],
  ['4000000000009987', 'card_declined', 'lost_card', 'Your card was declined.'],
  ['4000000000009979', 'card_declined', 'stolen_card', 'Your card was declined.'],
  ['4000000000000069', 'expired_card', 'expired_card', 'Your card has expired.', 'exp_month'],
  ['4000000000000127', 'incorrect_cvc', 'incorrect_cvc', "Your card's security code is incorrect.", 'cvc'],
  ['4000000000000119', 'processing_error', 'processing_error',
    'An error occurred while processing your card. Try again in a little bit.'],
  ['4000000000006975', 'card_declined', 'card_velocity_exceeded',
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.'],
];

function client(url = URL_OF_SERVER, key = 'sk_test_123', more = {}) {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false, ...more });
}

const stripe = client();
const card = (number = '4242424242424242', more = {}) =>
  ({ number, exp_month: '5', exp_year: String(YEAR), cvc: '314', ...more });
const token = (number, more) => stripe.tokens.create({ card: card(number, more) });
const charge = (source, more = {}, options) =>
  stripe.charges.create({ amount: 2000, currency: 'usd', source, ...more }, options);
const ids = (list) => list.map(({ id }) => id);

// The whole text of every one is compared where it is given.
async function refused(kind, call, { status, code, message, param }) {
  let caught;
  await assert.rejects(async () => call(), (error) => { caught = error; return true; });
  assert.equal(caught.constructor, kind, String(caught));
  assert.deepEqual([caught.statusCode, caught.code, caught.param], [status, code, param], String(caught));
  if (message !== undefined) assert.equal(caught.message, message);
  return caught;
}

// A server of a test's own, with its own ledger; gone when the work is done.
async function withServer(args, work) {
  const home = mkdtempSync(join(tmpdir(), 'testcard-sdk-'));
  const server = spawn(PROGRAM, ['serve', '--listen', '127.0.0.1:0', ...args], {
    env: { ...process.env, TESTCARD_HOME: home },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(server, 'exit');
  try {
    const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
    const said = async () => (await lines.next()).value.split(' ').at(-1);
    const url = await said();
    await work(url, await said());
  } finally {
    server.kill('SIGTERM');
    const [status] = await exited;
    rmSync(home, { recursive: true });
    assert.equal(status, 0);
  }
}

async function ownRoute(method, path, control = CONTROL, url = URL_OF_SERVER) {
  const answer = await fetch(url + path, { method, headers: { Authorization: `Bearer ${control}` } });
  return { status: answer.status, body: await answer.json() };
}

function blankCard(isCurrent) {
  const known = Object.fromEntries(CARD.filter((key) => isCurrent || !CURRENT.includes(key)).map((key) => [key, null]));
  Object.assign(known, {
    object: 'card', brand: 'Visa', country: 'US', cvc_check: 'unchecked', exp_month: 5, exp_year: YEAR,
    funding: 'credit', last4: '4242', metadata: {},
  });
  const added = { networks: { preferred: null }, regulated_status: 'unregulated' };
  return isCurrent ? Object.assign(known, added) : known;
}

// Compares texts, so the order of the keys counts.
function checkToken(made, expectedCard) {
  assert.match(made.id, /^tok_1[0-9A-Za-z]{23}$/);
  assert.match(made.card.id, /^card_1[0-9A-Za-z]{23}$/);
  // Time and account are in both ids.
  assert.equal(made.id.slice(4, 20), made.card.id.slice(5, 21));
  assert.match(made.card.fingerprint, /^[0-9A-Za-z]{16}$/);
  assert.ok(Math.abs(made.created - Date.now() / 1000) <= 5);
  const expected = {
    id: made.id, object: 'token', card: { ...expectedCard, id: made.card.id, fingerprint: made.card.fingerprint },
    client_ip: '127.0.0.1', created: made.created, livemode: false, type: 'card', used: false,
  };
  assert.deepEqual(Object.keys(made), TOKEN);
  assert.equal(JSON.stringify(made, null, 2), JSON.stringify(expected, null, 2));
}

test('the sample of the API page gives every field', async () => {
  const made = await stripe.tokens.create({
    card: {
      number: '4242424242424242',
      exp_month: '5',
      exp_year: String(YEAR),
      cvc: '314',
    },
  });
  checkToken(made, blankCard(true));
  const { headers, requestId, apiVersion } = made.lastResponse;
  assert.match(requestId, /^req_[0-9A-Za-z]{14}$/);
  assert.equal(headers['original-request'], requestId);
  assert.ok(apiVersion);
  assert.equal(headers['stripe-should-retry'], 'false');
});

test('the version of the API page gives its fields only', async () => {
  const made = await stripe.tokens.create({ card: card() }, { apiVersion: PAGE_VERSION });
  checkToken(made, blankCard(false));
  assert.equal(Object.keys(made.card).length, 23);
});

test('an address is kept and not yet checked', async () => {
  const address = {
    name: 'Jenny Rosen', address_line1: 'South Street 1', address_line2: '2nd floor', address_city: 'Köln',
    address_state: 'NRW', address_zip: '50667', address_country: 'Germany',
  };
  const { cvc, ...rest } = card(undefined, address);
  const made = await stripe.tokens.create({ card: rest });
  checkToken(made, {
    ...blankCard(true), ...address, cvc_check: null, address_line1_check: 'unchecked', address_zip_check: 'unchecked',
  });
});

test('a token is retrieved as it was made', async () => {
  const made = await token();
  assert.deepEqual(await stripe.tokens.retrieve(made.id, { expand: ['card'] }), made);
  await refused(errors.StripeInvalidRequestError, () => stripe.tokens.retrieve('tok_nope'),
    { status: 404, code: 'resource_missing', param: 'token', message: "No such token: 'tok_nope'" });
});

test('wrong cards are refused at once', async () => {
  for (const [fault, code, param, message] of [
    [{ number: '4242424242424241' }, 'incorrect_number', 'number', 'Your card number is incorrect.'],
    [{ number: 'abc' }, 'invalid_number', 'number', 'The card number is not a valid credit card number.'],
    [{ exp_month: '13' }, 'invalid_expiry_month', 'exp_month', "Your card's expiration month is invalid."],
    [{ exp_year: THIS_YEAR - 1 }, 'invalid_expiry_year', 'exp_year', "Your card's expiration year is invalid."],
    [{ cvc: '99' }, 'invalid_cvc', 'cvc', "Your card's security code is invalid."],
  ]) {
    await refused(errors.StripeCardError, () => token(undefined, fault), { status: 402, code, param, message });
  }
});

test('wrong parameters are named', async () => {
  await refused(errors.StripeInvalidRequestError, () => token(undefined, { colour: 'red' }), {
    status: 400, code: 'parameter_unknown', param: 'card[colour]', message: 'Received unknown parameter: card[colour]',
  });
  await refused(errors.StripeInvalidRequestError,
    () => stripe.tokens.create({ card: { number: '4242424242424242', exp_month: 5 } }), {
      status: 400, code: 'parameter_missing', param: 'card[exp_year]',
      message: 'Missing required param: card[exp_year].',
    });
});

test('a preferred network is kept where it fits', async () => {
  for (const [number, preferred, kept] of [
    ['4000002500001001', 'cartes_bancaires', 'cartes_bancaires'],
    ['4000002500001001', 'visa', 'visa'],
    ['4000002500001001', 'mastercard', 'invalid_preference'],
    ['5555552500001001', 'cartes_bancaires', 'cartes_bancaires'],
    ['4242424242424242', 'cartes_bancaires', 'invalid_preference'],
  ]) {
    const made = await token(number, { networks: { preferred } });
    assert.equal(made.card.networks.preferred, kept, `${number} ${preferred}`);
  }
});

test('a token is charged once', async () => {
  const made = await token(undefined, { address_zip: '12345' });
  const paid = await charge(made.id, { description: 'Order 7', metadata: { order: '7' } });
  assert.match(paid.id, /^ch_1[0-9A-Za-z]{23}$/);
  const [first, second, ...rest] = Object.keys(paid);
  assert.deepEqual([first, second], ['id', 'object']);
  assert.deepEqual(rest, [...rest].sort());
  assert.deepEqual(
    [paid.amount, paid.amount_captured, paid.captured, paid.paid, paid.status, paid.refunded, paid.livemode],
    [2000, 2000, true, true, 'succeeded', false, false]);
  assert.deepEqual([paid.description, paid.metadata, paid.currency, paid.customer],
    ['Order 7', { order: '7' }, 'usd', null]);
  assert.equal(paid.payment_method, made.card.id);
  assert.deepEqual([paid.outcome.type, paid.outcome.network_status], ['authorized', 'approved_by_network']);
  // The card is the token's, and by now the bank has seen it; a charge shows some of its keys and some of a
  // customer's card.
  const { networks, ...shown } = made.card;
  assert.deepEqual(paid.source, {
    ...shown, allow_redisplay: 'unspecified', customer: null, cvc_check: 'pass', address_zip_check: 'pass',
  });
  assert.deepEqual(await stripe.charges.retrieve(paid.id), paid);
  const kept = await stripe.tokens.retrieve(made.id);
  assert.equal(kept.used, true);
  assert.equal(kept.card.cvc_check, 'unchecked');
  await refused(errors.StripeInvalidRequestError, () => charge(made.id), {
    status: 400, code: 'token_already_used', message: `You cannot use a Stripe token more than once: ${made.id}.`,
  });
});

test('a charge refused in validation leaves the token unused', async () => {
  const made = await token();
  await refused(errors.StripeInvalidRequestError, () => charge(made.id, { amount: 49 }),
    { status: 400, code: 'amount_too_small', param: 'amount', message: 'Amount must be at least $0.50 usd' });
  await refused(errors.StripeInvalidRequestError, () => charge(made.id, { amount: 20.5 }),
    { status: 400, code: 'parameter_invalid_integer', param: 'amount', message: 'Invalid integer: 20.5' });
  assert.equal((await stripe.tokens.retrieve(made.id)).used, false);
  assert.equal((await charge(made.id)).status, 'succeeded');
});

test('declined cards make tokens and fail at the charge', async () => {
  for (const [number, code, declineCode, message, param] of DECLINES) {
    const made = await token(number);
    const error = await refused(errors.StripeCardError, () => charge(made.id), { status: 402, code, message, param });
    assert.deepEqual([error.rawType, error.decline_code], ['card_error', declineCode]);
    assert.equal(error.doc_url, `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`);
    const failed = await stripe.charges.retrieve(error.charge);
    assert.deepEqual(
      [failed.status, failed.paid, failed.captured, failed.failure_code, failed.failure_message, failed.receipt_url],
      ['failed', false, false, code, message, null]);
    assert.equal((await stripe.tokens.retrieve(made.id)).used, true);
    await refused(errors.StripeInvalidRequestError, () => charge(made.id),
      { status: 400, code: 'token_already_used' });
  }
});

test('ready aliases are charged again and again', async () => {
  const [first, second] = [await charge('tok_visa'), await charge('tok_visa')];
  assert.notEqual(first.source.id, second.source.id);
  assert.equal(first.source.fingerprint, second.source.fingerprint);
  const error = await refused(errors.StripeCardError, () => charge('tok_chargeDeclined'),
    { status: 402, code: 'card_declined', message: 'Your card was declined.' });
  assert.equal(error.decline_code, 'generic_decline');
});

test('a charge is captured later', async () => {
  const held = await charge((await token()).id, { capture: false });
  assert.deepEqual([held.captured, held.paid, held.amount_captured], [false, true, 0]);
  const taken = await stripe.charges.capture(held.id, { amount: 1500 });
  assert.deepEqual([taken.captured, taken.amount_captured, taken.amount_refunded], [true, 1500, 500]);
  await refused(errors.StripeInvalidRequestError, () => stripe.charges.capture(held.id), {
    status: 400, code: 'charge_already_captured', message: `Charge ${held.id} has already been captured.`,
  });
});

test('a charge is paid back in pieces', async () => {
  const paid = await charge((await token()).id);
  const first = await stripe.refunds.create({ charge: paid.id, amount: 500, reason: 'requested_by_customer' });
  assert.deepEqual([first.object, first.amount, first.charge, first.status], ['refund', 500, paid.id, 'succeeded']);
  await refused(errors.StripeInvalidRequestError, () => stripe.refunds.create({ charge: paid.id, amount: 1501 }), {
    status: 400, param: 'amount',
    message: 'Refund amount ($15.01) is greater than unrefunded amount on charge ($15.00)',
  });
  const rest = await stripe.refunds.create({ charge: paid.id });
  const whole = await stripe.charges.retrieve(paid.id, { expand: ['refunds'] });
  assert.deepEqual([whole.refunded, whole.amount_refunded], [true, 2000]);
  assert.deepEqual(ids(whole.refunds.data), [rest.id, first.id]);
  await refused(errors.StripeInvalidRequestError, () => stripe.refunds.create({ charge: paid.id }), {
    status: 400, code: 'charge_already_refunded', message: `Charge ${paid.id} has already been refunded.`,
  });
});

test('metadata is added, changed and taken away', async () => {
  const paid = await charge((await token()).id, { metadata: { order: '7', colour: 'red' } });
  const changed = await stripe.charges.update(paid.id, { metadata: { order: '8', colour: '' } });
  assert.deepEqual(changed.metadata, { order: '8' });
  assert.deepEqual((await stripe.charges.update(paid.id, { metadata: '' })).metadata, {});
});

test('a raw card dictionary is refused in words that name tokens', async () => {
  for (const call of [
    () => charge({ object: 'card', ...card() }),
    () => stripe.customers.create({ source: { object: 'card', ...card() } }),
  ]) {
    const error = await refused(errors.StripeInvalidRequestError, call, { status: 400, param: 'source' });
    assert.match(error.message, /make a token/);
  }
});

test('a customer is made with a card and charged', async () => {
  const made = await token();
  const customer = await stripe.customers.create({ source: made.id, email: 'jenny@example.com' });
  assert.match(customer.id, /^cus_[0-9A-Za-z]{14}$/);
  assert.equal(customer.default_source, made.card.id);
  assert.equal((await stripe.tokens.retrieve(made.id)).used, true);
  const paid = await stripe.charges.create({ amount: 700, currency: 'eur', customer: customer.id });
  assert.deepEqual([paid.customer, paid.source.id, paid.source.customer], [customer.id, made.card.id, customer.id]);
  const whole = await stripe.charges.retrieve(paid.id, { expand: ['customer.default_source'] });
  assert.deepEqual([whole.customer.email, whole.customer.default_source.last4], ['jenny@example.com', '4242']);
});

test('cards of a customer are added, listed, changed and deleted', async () => {
  const customer = await stripe.customers.create({});
  const first = await stripe.customers.createSource(customer.id, { source: (await token()).id });
  const second = await stripe.customers.createSource(customer.id, { source: (await token('5555555555554444')).id });
  assert.deepEqual([first.customer, first.cvc_check], [customer.id, 'pass']);
  assert.deepEqual(ids((await stripe.customers.listSources(customer.id, { object: 'card' })).data),
    [second.id, first.id]);
  assert.equal((await stripe.customers.retrieve(customer.id)).default_source, first.id);
  assert.deepEqual(await stripe.customers.retrieveSource(customer.id, first.id), first);
  const changed = await stripe.customers.updateSource(customer.id, first.id, { exp_year: YEAR + 1, name: 'Jenny' });
  assert.deepEqual([changed.name, changed.exp_year], ['Jenny', YEAR + 1]);
  const gone = await stripe.customers.deleteSource(customer.id, first.id);
  assert.deepEqual({ ...gone }, { id: first.id, object: 'card', deleted: true });
  assert.equal((await stripe.customers.retrieve(customer.id)).default_source, second.id);
  assert.equal((await stripe.customers.del(customer.id)).deleted, true);
});

test('a declined card is not attached', async () => {
  const customer = await stripe.customers.create({});
  const made = await token('4000000000000002');
  const error = await refused(errors.StripeCardError,
    () => stripe.customers.createSource(customer.id, { source: made.id }),
    { status: 402, code: 'card_declined', param: '', message: 'Your card was declined.' });
  assert.equal(error.decline_code, 'generic_decline');
  assert.deepEqual((await stripe.customers.listSources(customer.id)).data, []);
});

test('a payment method is made of a token', async () => {
  const made = await token();
  const method = await stripe.paymentMethods.create({ type: 'card', card: { token: made.id } });
  assert.match(method.id, /^pm_1[0-9A-Za-z]{23}$/);
  assert.deepEqual([method.card.brand, method.card.last4], ['visa', '4242']);
  assert.equal((await stripe.tokens.retrieve(made.id)).used, true);
  assert.deepEqual(await stripe.paymentMethods.retrieve(method.id), method);
});

const pay = (method, more = {}) => stripe.paymentIntents.create(
  { amount: 2000, currency: 'usd', payment_method: method, payment_method_types: ['card'], confirm: true, ...more });
// What the payer does at the bank's page, which a browser would do at Stripe.
const authenticate = async (intent, result) =>
  (await ownRoute('POST', `/_testcard/authenticate?intent=${intent}&result=${result}`)).body;

test('a payment goes from its amount to its refund', async () => {
  const customer = await stripe.customers.create({ email: 'payer@example.com' });
  const method = await stripe.paymentMethods.create({ type: 'card', card: { token: (await token()).id } });
  assert.equal((await stripe.paymentMethods.attach(method.id, { customer: customer.id })).customer, customer.id);
  assert.deepEqual(ids((await stripe.customers.listPaymentMethods(customer.id)).data), [method.id]);
  let intent = await stripe.paymentIntents.create(
    { amount: 2000, currency: 'usd', customer: customer.id, payment_method_types: ['card'] });
  assert.equal(intent.status, 'requires_payment_method');
  assert.match(intent.id, /^pi_3[0-9A-Za-z]{23}$/);
  intent = await stripe.paymentIntents.update(intent.id, { payment_method: method.id });
  assert.equal(intent.status, 'requires_confirmation');
  intent = await stripe.paymentIntents.confirm(intent.id, { expand: ['latest_charge.balance_transaction'] });
  assert.deepEqual([intent.status, intent.amount_received], ['succeeded', 2000]);
  assert.deepEqual([intent.latest_charge.payment_intent, intent.latest_charge.payment_method], [intent.id, method.id]);
  const transaction = await stripe.balanceTransactions.retrieve(intent.latest_charge.balance_transaction.id);
  assert.equal(transaction.source, intent.latest_charge.id);
  assert.match((await stripe.accounts.retrieve()).id, /^acct_/);
  assert.ok((await stripe.balance.retrieve()).pending.some((funds) => funds.currency === 'usd'));
  const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
  assert.deepEqual([refund.payment_intent, refund.status], [intent.id, 'succeeded']);
  assert.equal((await stripe.paymentMethods.detach(method.id)).customer, null);
});

test('what is held is captured or given back', async () => {
  const held = await pay('pm_card_visa', { capture_method: 'manual' });
  assert.deepEqual([held.status, held.amount_capturable], ['requires_capture', 2000]);
  const done = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1500 });
  assert.deepEqual([done.status, done.amount_received], ['succeeded', 1500]);
  await refused(errors.StripeInvalidRequestError, () => stripe.paymentIntents.capture(held.id),
    { status: 400, code: 'payment_intent_unexpected_state' });
  const other = await pay('pm_card_visa', { capture_method: 'manual' });
  assert.equal((await stripe.paymentIntents.cancel(other.id)).status, 'canceled');
});

test('what is held is raised, in part where that is enough', async () => {
  const options = { card: { request_incremental_authorization: 'if_available' } };
  const held = await pay('pm_card_debit_partialIncrement', { capture_method: 'manual', payment_method_options: options });
  const part = { card: { request_partial_authorization: 'if_available' } };
  const raised = await stripe.paymentIntents.incrementAuthorization(held.id,
    { amount: 3000, payment_method_options: part });
  assert.deepEqual([raised.status, raised.amount, raised.amount_capturable], ['requires_capture', 2700, 2700]);
  await refused(errors.StripeCardError, () => stripe.paymentIntents.incrementAuthorization(held.id,
    { amount: 3000, payment_method_options: { card: { request_partial_authorization: 'never' } } }),
    { status: 402, code: 'card_declined' });
});

// What follows later does so by the clock, within seconds.
const eventually = async (read, isSo) => {
  const deadline = Date.now() + 60_000;
  let found = await read();
  while (!isSo(found) && Date.now() < deadline) {
    await new Promise((wake) => setTimeout(wake, 100));
    found = await read();
  }
  return found;
};

test('a dispute is answered and won, and another one accepted', async () => {
  const intent = await pay('pm_card_createDispute');
  const [dispute] = (await stripe.disputes.list({ payment_intent: intent.id })).data;
  assert.deepEqual([dispute.status, dispute.reason, dispute.amount], ['needs_response', 'fraudulent', 2000]);
  const said = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: 'winning_evidence' } });
  assert.equal(said.status, 'under_review');
  const decided = await eventually(() => stripe.disputes.retrieve(dispute.id), (found) => found.status !== 'under_review');
  assert.deepEqual(decided.balance_transactions.map((moved) => moved.net), [-3500, 2000]);
  assert.equal(decided.status, 'won');
  const [accepted] = (await stripe.disputes.list({ payment_intent: (await pay('pm_card_createDispute')).id })).data;
  assert.equal((await stripe.disputes.close(accepted.id)).status, 'lost');
});

test('a refund settles later, and a bank warns of fraud', async () => {
  const intent = await pay('pm_card_pendingRefund');
  const refund = await stripe.refunds.create({ payment_intent: intent.id });
  assert.equal(refund.status, 'pending');
  const settled = await eventually(() => stripe.refunds.retrieve(refund.id), (found) => found.status !== 'pending');
  assert.equal(settled.status, 'succeeded');
  const warned = await pay('pm_card_createIssuerFraudRecord');
  const [warning] = (await stripe.radar.earlyFraudWarnings.list({ payment_intent: warned.id })).data;
  assert.deepEqual([warning.charge, warning.actionable], [warned.latest_charge, true]);
});

test('a payment is declined in the words of its card', async () => {
  for (const [number, code, declineCode, message, param] of DECLINES) {
    const method = await stripe.paymentMethods.create({ type: 'card', card: card(number) });
    const error = await refused(errors.StripeCardError, () => pay(method.id), { status: 402, code, param, message });
    assert.equal(error.decline_code, declineCode);
    assert.equal(error.payment_intent.status, 'requires_payment_method');
    const again = await stripe.paymentIntents.confirm(error.payment_intent.id, { payment_method: 'pm_card_visa' });
    assert.equal(again.status, 'succeeded');
  }
});

test('a payer authenticates by the API', async () => {
  const intent = await pay('pm_card_threeDSecure2Required');
  assert.deepEqual([intent.status, intent.next_action.type], ['requires_action', 'use_stripe_sdk']);
  assert.equal((await authenticate(intent.id, 'complete')).status, 'succeeded');
  const led = await pay('pm_card_threeDSecure2Required', { return_url: 'https://example.com/done' });
  assert.equal(led.next_action.redirect_to_url.return_url, 'https://example.com/done');
  assert.equal((await authenticate(led.id, 'cancel')).last_payment_error.code, 'payment_intent_authentication_failure');
  await refused(errors.StripeCardError, () => pay('pm_card_threeDSecure2Required', { off_session: true }),
    { status: 402, code: 'authentication_required' });
});

test('a card is set up for later', async () => {
  const customer = await stripe.customers.create();
  const setup = await stripe.setupIntents.create(
    { customer: customer.id, payment_method: 'pm_card_visa', payment_method_types: ['card'], confirm: true });
  assert.equal(setup.status, 'succeeded');
  const paid = await pay(setup.payment_method, { customer: customer.id, off_session: true });
  assert.equal(paid.status, 'succeeded');
  await refused(errors.StripeInvalidRequestError, () => stripe.setupIntents.cancel(setup.id),
    { status: 400, code: 'setup_intent_unexpected_state' });
});

test('all pages in exact order', async () => {
  const customer = (await stripe.customers.create({ source: (await token()).id })).id;
  const made = [];
  for (let n = 0; n < 23; n += 1) {
    made.push((await stripe.charges.create({ amount: 100 + n, currency: 'usd', customer })).id);
  }
  const other = (await charge('tok_visa')).id;
  const newestFirst = [...made].reverse();
  const seen = [];
  await stripe.charges.list({ customer, limit: 5 }).autoPagingEach(({ id }) => { seen.push(id); });
  assert.deepEqual(seen, newestFirst);
  assert.equal((await stripe.charges.list({ customer })).data.length, 10);
  assert.deepEqual(ids((await stripe.charges.list({ limit: 3 })).data), [other, ...newestFirst.slice(0, 2)]);
  const backwards = await stripe.charges.list({ customer, limit: 4, ending_before: made[0] })
    .autoPagingToArray({ limit: 100 });
  assert.deepEqual(ids(backwards), made.slice(1));
});

test('a list by the second of creation', async () => {
  const first = await charge('tok_visa');
  // `created` counts seconds.
  const start = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === start) await sleep(20);
  const second = await charge('tok_visa');
  assert.deepEqual(ids((await stripe.charges.list({ created: { gte: second.created } })).data), [second.id]);
  assert.deepEqual(ids((await stripe.charges.list({ created: { lt: second.created }, limit: 1 })).data), [first.id]);
});

test('one key is carried out once', async () => {
  const made = await token();
  const options = { idempotencyKey: 'node-order-7' };
  const first = await charge(made.id, {}, options);
  assert.equal(first.lastResponse.headers['idempotent-replayed'], undefined);
  const again = await charge(made.id, {}, options);
  assert.deepEqual(again, first);
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal(again.lastResponse.headers['original-request'], first.lastResponse.requestId);
  await refused(errors.StripeIdempotencyError, () => charge(made.id, { amount: 100 }, options), {
    status: 400,
    message: 'Keys for idempotent requests can only be used with the same parameters they were first used with. Try '
      + "using a key other than 'node-order-7' if you meant to execute a different request.",
  });
});

for (const [fault, isReplayed] of [['commit-drop', true], ['500', false], ['503', false], ['drop', false]]) {
  test(`after ${fault} the SDK repeats by itself, and one charge is there`, () =>
    withServer(['--fault', `POST /v1/charges next 1: ${fault}`], async (url) => {
      const retrying = client(url, 'sk_test_123', { maxNetworkRetries: 2 });
      const made = await retrying.tokens.create({ card: card() });
      const paid = await retrying.charges.create({ amount: 2000, currency: 'usd', source: made.id });
      assert.equal(paid.lastResponse.headers['idempotent-replayed'], isReplayed ? 'true' : undefined);
      assert.match(paid.lastResponse.headers['idempotency-key'], /^stripe-node-retry-/);
      assert.deepEqual(ids((await retrying.charges.list()).data), [paid.id]);
      assert.equal((await retrying.tokens.retrieve(made.id)).used, true);
    }));
}

test('the rate limit is told and nothing is done', () =>
  withServer(['--fault', 'POST /v1/charges next 1: 429 retry-after 1'], async (url) => {
    const retrying = client(url, 'sk_test_123', { maxNetworkRetries: 2 });
    const make = () => retrying.charges.create({ amount: 2000, currency: 'usd', source: 'tok_visa' });
    const error = await refused(errors.StripeRateLimitError, make, { status: 429, code: 'rate_limit' });
    assert.equal(error.headers['retry-after'], '1');
    assert.deepEqual((await retrying.charges.list()).data, []);
    assert.equal((await make()).status, 'succeeded');
  }));

test('an account without raw card data refuses the sample', () =>
  withServer(['--policy', 'raw_card_data=off'], async (url) => {
    // The SDK takes the class from the status.
    const error = await refused(errors.StripeCardError, () => client(url).tokens.create({ card: card() }),
      { status: 402 });
    assert.equal(error.rawType, 'invalid_request_error');
    assert.match(error.message, /^Sending credit card numbers directly to the Stripe API is generally unsafe\./);
  }));

test("only the server's own key is let in", () =>
  withServer(['--key', 'sk_test_only'], async (url) => {
    assert.equal((await client(url, 'sk_test_only').tokens.create({ card: card() })).object, 'token');
    await refused(errors.StripeAuthenticationError,
      () => client(url, 'sk_test_otherother').tokens.create({ card: card() }),
      { status: 401, message: 'Invalid API Key provided: sk_test_******ther' });
  }));

test('a live key is refused', async () => {
  await refused(errors.StripeAuthenticationError,
    () => client(URL_OF_SERVER, 'sk_live_abcdefghijkl').tokens.create({ card: card() }),
    { status: 401, message: 'Invalid API Key provided: sk_live_********ijkl' });
});

test('a publishable key makes tokens and nothing else', async () => {
  const publishable = client(URL_OF_SERVER, 'pk_test_123');
  const made = await publishable.tokens.create({ card: card() });
  await refused(errors.StripePermissionError,
    () => publishable.charges.create({ amount: 2000, currency: 'usd', source: made.id }),
    { status: 403, code: 'secret_key_required' });
  assert.equal((await stripe.tokens.retrieve(made.id)).used, false);
});

test('what is not modelled says so', async () => {
  await refused(errors.StripeInvalidRequestError,
    () => stripe.payouts.create({ amount: 2000, currency: 'usd' }),
    { status: 404, message: "Testcard's local minter does not model POST /v1/payouts." });
  await refused(errors.StripeInvalidRequestError, () => stripe.rawRequest('GET', '/v1/customers/cus_1/bank_accounts'),
    { status: 404, message: "Testcard's local minter does not model GET /v1/customers/cus_1/bank_accounts." });
});

test('a connected account has objects of its own, and gets a copy of a customer of the platform', async () => {
  const connected = { stripeAccount: 'acct_1032D82eZvKYlo2C' };
  const own = await token();
  const made = await stripe.tokens.create({ card: card() }, connected);
  assert.equal(made.lastResponse.headers['stripe-account'], connected.stripeAccount);
  for (const [id, options] of [[own.id, connected], [made.id, undefined]]) {
    const missing = { code: 'resource_missing', message: `No such token: '${id}'` };
    await refused(errors.StripeInvalidRequestError, () => stripe.tokens.retrieve(id, {}, options),
      { ...missing, status: 404, param: 'token' });
    await refused(errors.StripeInvalidRequestError, () => charge(id, {}, options),
      { ...missing, status: 400, param: 'source' });
  }
  const paid = await charge(made.id, {}, connected);
  assert.deepEqual(ids((await stripe.charges.list({}, connected)).data), [paid.id]);
  await refused(errors.StripeInvalidRequestError, () => stripe.charges.retrieve(paid.id),
    { status: 404, code: 'resource_missing', param: 'id' });

  const customer = await stripe.customers.create({ source: own.id });
  const copy = await stripe.tokens.create({ customer: customer.id }, connected);
  assert.deepEqual([copy.card.last4, copy.card.id === own.card.id], ['4242', false]);
  assert.equal((await charge(copy.id, {}, connected)).status, 'succeeded');
  const refusal = await refused(errors.StripePermissionError,
    () => stripe.tokens.retrieve(made.id, {}, { stripeAccount: 'acct_no_account' }),
    { status: 403, code: 'account_invalid' });
  assert.match(refusal.message, /does not have access to account 'acct_no_account'/);
});

test('two worlds share a server without meeting', () =>
  withServer(['--isolate', '--fault', 'POST /v1/customers next 1: 500'], async (url, control) => {
    const keys = ['sk_test_51ABCDEFGHIJKLMNOfirst', 'sk_test_shard7'];
    const [first, second] = keys.map((key) => client(url, key));
    const own = (method, path) => ownRoute(method, path, control, url);
    const made = await client(url, 'pk_test_51ABCDEFGHIJKLMNO').tokens.create({ card: card() });
    await refused(errors.StripeInvalidRequestError, () => second.tokens.retrieve(made.id),
      { status: 404, code: 'resource_missing', param: 'token' });
    assert.equal((await first.charges.create({ amount: 2000, currency: 'usd', source: made.id })).status, 'succeeded');
    assert.deepEqual((await second.charges.list()).data, []);
    for (const world of [first, second]) {
      await assert.rejects(world.customers.create({}), { statusCode: 500 });
      await world.customers.create({ id: 'cus_mine' });
    }
    // The platform of one world and a connected account in it.
    const connected = { stripeAccount: 'acct_1' };
    assert.deepEqual((await first.charges.list({}, connected)).data, []);

    assert.equal((await own('POST', '/_testcard/reset')).status, 400);
    const turned = await own('POST', `/_testcard/clock?advance=400d&account=${keys[1]}`);
    assert.equal(turned.status, 200);
    const days = async (world) =>
      Math.round(((await world.tokens.create({ card: card() })).created - Date.now() / 1000) / 86400) + 0;
    assert.deepEqual([await days(first), await days(second)], [0, 400]);

    const { body } = await own('GET', '/_testcard/requests?account=acct_1ABCDEFGHIJKLMNO');
    assert.deepEqual(new Set(body.data.map(({ account }) => account)), new Set(['acct_1ABCDEFGHIJKLMNO', 'acct_1']));
    assert.equal((await own('POST', `/_testcard/reset?account=${keys[1]}`)).status, 200);
    assert.deepEqual((await second.customers.list()).data, []);
    assert.deepEqual(ids((await first.customers.list()).data), ['cus_mine']);
    assert.equal(await days(second), 0);
  }));

// Takes events; gives each as it came, with its signature.
async function withReceiver(work) {
  const waiting = [];
  const came = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const got = { body: Buffer.concat(chunks).toString(), signature: request.headers['stripe-signature'] };
    response.end();
    if (waiting.length) waiting.shift()(got);
    else came.push(got);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const next = () => (came.length ? came.shift() : new Promise((resolve) => waiting.push(resolve)));
  try {
    await work(`http://localhost:${server.address().port}/webhook`, next);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('events are received and verified', () => withReceiver(async (url, next) => {
  const endpoint = await stripe.webhookEndpoints.create({ url, enabled_events: ['charge.succeeded', 'charge.refunded'] });
  assert.match(endpoint.secret, /^whsec_[A-Za-z0-9]{32}$/);
  assert.equal((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret, undefined);
  const paid = await charge('tok_visa');
  await stripe.refunds.create({ charge: paid.id, amount: 500 });
  const events = {};
  for (let nth = 0; nth < 2; nth += 1) {
    const { body, signature } = await next();
    const event = stripe.webhooks.constructEvent(body, signature, endpoint.secret);
    events[event.type] = event;
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, `${endpoint.secret}x`),
      errors.StripeSignatureVerificationError);
    assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, endpoint.secret),
      errors.StripeSignatureVerificationError);
  }
  assert.deepEqual(Object.keys(events).sort(), ['charge.refunded', 'charge.succeeded']);
  assert.equal(events['charge.succeeded'].data.object.id, paid.id);
  assert.deepEqual(events['charge.refunded'].data.previous_attributes, { amount_refunded: 0 });
  const kept = await stripe.events.retrieve(events['charge.succeeded'].id);
  assert.equal(kept.data.object.amount_refunded, 0);
  const listed = await stripe.events.list({ types: ['charge.refunded'], limit: 1 });
  assert.deepEqual(ids(listed.data), [events['charge.refunded'].id]);
  assert.equal((await stripe.webhookEndpoints.del(endpoint.id)).deleted, true);
}));

test('a spoiled event does not verify', () => withReceiver((receiver, next) =>
  withServer(['--fault', 'POST /v1/charges: event old-timestamp, event wrong-signature'], async (url) => {
    const own = client(url);
    const endpoint = await own.webhookEndpoints.create({ url: receiver, enabled_events: ['charge.succeeded'] });
    for (const reason of [/tolerance/, /signature/]) {
      await own.charges.create({ amount: 2000, currency: 'usd', source: 'tok_visa' });
      const { body, signature } = await next();
      assert.throws(() => own.webhooks.constructEvent(body, signature, endpoint.secret), reason);
    }
  })));

test('the log shows what came, reset drops it', async () => {
  const made = await token(undefined, { name: 'Log Reader' });
  const { body } = await ownRoute('GET', '/_testcard/requests?limit=1');
  const [call] = body.data;
  assert.deepEqual([call.method, call.path, call.status, call.object], ['POST', '/v1/tokens', 200, made.id]);
  assert.equal(call.request_id, made.lastResponse.requestId);
  assert.equal(call.params['card[name]'], 'Log Reader');
  assert.notEqual(call.params['card[cvc]'], '314');
  assert.equal(call.client, `stripe-node ${Stripe.PACKAGE_VERSION}`);
  const reset = await ownRoute('POST', '/_testcard/reset');
  assert.deepEqual([reset.status, reset.body.reset], [200, true]);
  await refused(errors.StripeInvalidRequestError, () => stripe.tokens.retrieve(made.id),
    { status: 404, code: 'resource_missing', param: 'token' });
  assert.equal((await ownRoute('POST', '/_testcard/reset', 'ctl_wrong')).status, 401);
});
