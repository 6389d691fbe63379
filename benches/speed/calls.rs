//! The other calls, by the processor time of the server, beside a token's creation.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use testcard::store::FILE_NAME;

use super::{
    Outcome,
    figures::Rounds,
    goals::{Bound::AtMost, Goals},
    load::{Load, Until},
    request::{TokenRequest, write_get, write_post},
    server::{Server, new_home, program},
};

const ROUNDS: usize = 3;
const CONNECTIONS: usize = 32;
/// How often each call is made in a round; each charge and each attach uses up a token of its own.
const CALLS: u64 = 4000;
const LISTS: u64 = 400;
/// A payment intent without a payment method.
const INTENT: &str = "amount=2000&currency=usd&payment_method_types[]=card";

/// Processor time in microseconds: a call, and for the list a byte of its answer beside that of a creation.
struct Round {
    creation: f64,
    charge: f64,
    attach: f64,
    /// A charge of a ready token, and the same where no event is kept of it.
    ready_charge: f64,
    charge_without_event: f64,
    /// An intent that is confirmed as it is made, and one that is made and then confirmed.
    payment: f64,
    payment_in_two_calls: f64,
    retrieve: f64,
    list: f64,
    creation_a_byte: f64,
    list_a_byte: f64,
}

pub(super) fn measure(goals: &mut Goals) -> Outcome<()> {
    let home = new_home()?;
    let server = Server::start(&program(&[]), home.path())?;
    let quiet_home = new_home()?;
    let without_events = server_without_events(quiet_home.path())?;
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| round(&server, &without_events)).collect::<Outcome<_>>()?;
    let of = |figure: fn(&Round) -> f64| Rounds::new(rounds.iter().map(figure).collect());
    println!("\n{:<31} {:>8} {:>16}", format!("{CONNECTIONS} connections, FULL"), "CPU us", "of the creation");
    let print = |name: &str, figure: fn(&Round) -> f64, ratio: &Rounds| {
        println!("{name:<31} {:>8.1} {:>16.2}", of(figure).median(), ratio.median());
    };
    let [charge, attach, retrieve] = [
        of(|round| round.charge / round.creation),
        of(|round| round.attach / round.creation),
        of(|round| round.retrieve / round.creation),
    ];
    let list = of(|round| round.list_a_byte / round.creation_a_byte);
    let event = of(|round| round.ready_charge / round.charge_without_event);
    let payment = of(|round| round.payment / round.creation);
    let payment_in_two_calls = of(|round| round.payment_in_two_calls / round.creation);
    print("creation of a token", |round| round.creation, &Rounds::once(1.0));
    print("charge of a token", |round| round.charge, &charge);
    print("attach to a customer", |round| round.attach, &attach);
    print("intent, confirmed at once", |round| round.payment, &payment);
    print("intent, then its confirmation", |round| round.payment_in_two_calls, &payment_in_two_calls);
    print("retrieve a token", |round| round.retrieve, &retrieve);
    print("list of 100 charges", |round| round.list, &of(|round| round.list / round.creation));
    println!(
        "charge of tok_visa: {:.1} us, {:.1} us without the row of its event, ratio {event}",
        of(|round| round.ready_charge).median(),
        of(|round| round.charge_without_event).median()
    );
    println!(
        "a byte of an answer: {:.4} us in a list, {:.4} us in a creation, ratio {list}",
        of(|round| round.list_a_byte).median(),
        of(|round| round.creation_a_byte).median()
    );
    goals.add("processor time of a charge, of a creation's", charge, AtMost(2.5));
    goals.add("processor time of an attach, of a creation's", attach, AtMost(2.0));
    goals.add("processor time of a charge, of one without the row of its event", event, AtMost(1.2));
    goals.add("processor time of an intent confirmed at once, of a creation's", payment, AtMost(3.0));
    goals.add("processor time of a retrieve, of a creation's", retrieve, AtMost(0.5));
    goals.add("processor time a byte of a list of 100 charges, of a creation's", list, AtMost(1.2));
    Ok(())
}

/// A server whose database leaves out the row of each event. What else an event takes, its type and the time that it was
/// made at, is worked out all the same.
fn server_without_events(home: &Path) -> Outcome<Server> {
    // The first start makes the database.
    Server::start(&program(&[]), home)?.end()?;
    let database = rusqlite::Connection::open(home.join("data").join(FILE_NAME))?;
    let ignore =
        "CREATE TRIGGER no_events BEFORE INSERT ON objects WHEN new.kind = 'event' BEGIN SELECT raise(IGNORE); END";
    database.execute_batch(ignore)?;
    drop(database);
    Server::start(&program(&[]), home)
}

fn round(server: &Server, without_events: &Server) -> Outcome<Round> {
    let (creation, tokens) = create(server, 3 * CALLS, &|_, request| TokenRequest::WITH_KEY.write(request))?;
    let (to_charge, rest) = tokens.split_at(CALLS as usize);
    let (to_attach, to_retrieve) = rest.split_at(CALLS as usize);
    let (_, customers) = create(server, CALLS, &|number, request| {
        write_post(request, "/v1/customers", &format!("email=customer{number}@example.com"), true);
    })?;
    let charge = cost(server, CALLS, &|number, request| {
        let source = &to_charge[number as usize];
        write_post(request, "/v1/charges", &format!("amount=2000&currency=usd&source={source}"), true);
    })?;
    let attach = cost(server, CALLS, &|number, request| {
        let (customer, source) = (&customers[number as usize], &to_attach[number as usize]);
        write_post(request, &format!("/v1/customers/{customer}/sources"), &format!("source={source}"), true);
    })?;
    let charge_ready = |server: &Server| {
        cost(server, CALLS, &|_, request| {
            write_post(request, "/v1/charges", "amount=2000&currency=usd&source=tok_visa", true);
        })
    };
    let (charge_without_event, ready_charge) = (charge_ready(without_events)?, charge_ready(server)?);
    let payment = cost(server, CALLS, &|_, request| {
        write_post(request, "/v1/payment_intents", &format!("{INTENT}&payment_method=pm_card_visa&confirm=true"), true);
    })?;
    let (open, intents) =
        create(server, CALLS, &|_, request| write_post(request, "/v1/payment_intents", INTENT, true))?;
    let confirmation = cost(server, CALLS, &|number, request| {
        let path = format!("/v1/payment_intents/{}/confirm", intents[number as usize]);
        write_post(request, &path, "payment_method=pm_card_visa", true);
    })?;
    let retrieve = cost(server, CALLS, &|number, request| {
        write_get(request, &format!("/v1/tokens/{}", to_retrieve[number as usize]));
    })?;
    let list = cost(server, LISTS, &|_, request| write_get(request, "/v1/charges?limit=100"))?;
    Ok(Round {
        creation: creation.processor_micros,
        charge: charge.processor_micros,
        attach: attach.processor_micros,
        ready_charge: ready_charge.processor_micros,
        charge_without_event: charge_without_event.processor_micros,
        payment: payment.processor_micros,
        payment_in_two_calls: open.processor_micros + confirmation.processor_micros,
        retrieve: retrieve.processor_micros,
        list: list.processor_micros,
        creation_a_byte: creation.processor_micros / creation.answer_bytes,
        list_a_byte: list.processor_micros / list.answer_bytes,
    })
}

/// What a call cost, and how long its answer was.
struct Cost {
    processor_micros: f64,
    answer_bytes: f64,
}

type RequestWriter<'a> = &'a (dyn Fn(u64, &mut Vec<u8>) + Sync);

fn cost(server: &Server, calls: u64, request: RequestWriter<'_>) -> Outcome<Cost> {
    cost_and(server, calls, request, &|_| {})
}

/// Makes objects, and gives their ids.
fn create(server: &Server, calls: u64, request: RequestWriter<'_>) -> Outcome<(Cost, Vec<String>)> {
    let ids = Mutex::new(Vec::new());
    let cost = cost_and(server, calls, request, &|body| {
        let id = id_of(body).expect("an object that was made has an id");
        ids.lock().expect("no other client failed").push(id);
    })?;
    Ok((cost, ids.into_inner()?))
}

fn cost_and(server: &Server, calls: u64, request: RequestWriter<'_>, answer: &(dyn Fn(&[u8]) + Sync)) -> Outcome<Cost> {
    let bytes = AtomicU64::new(0);
    let load = Load {
        connections: CONNECTIONS,
        until: Until::Calls(calls),
        request,
        answer: &|_, body| {
            bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
            answer(body);
        },
    };
    let measured = load.measure(server)?;
    Ok(Cost { processor_micros: measured.processor_micros, answer_bytes: bytes.into_inner() as f64 / measured.answers })
}

fn id_of(body: &[u8]) -> Option<String> {
    let object: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(object.get("id")?.as_str()?.to_owned())
}
