//! `mint` and `token`: the two calls.

use clap::{Args, ValueEnum};
use futures_util::{StreamExt as _, stream};

use super::{
    cards,
    environment::ProcessEnvironment,
    opened::{OpenTarget, block_on},
    outcome::{CliError, CommandOutcome},
    output::{explain, print, print_json, remark, sentence},
    shared_args::TargetArgs,
};
use crate::{
    backend::new_idempotency_key,
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, Target},
            params::{PREFERRED_NETWORK, Params},
            token_calls::TokenRequest,
        },
        card::{
            digits,
            expiry::{CardExpiry, utc_day},
            number::passing_cvc,
            test_cards::{self, TestCard},
        },
        form::defaults::PLAIN_NUMBER,
        mask,
    },
    store::{RecordedCall, StoreError},
};

/// So many local calls are on their way at most.
const AT_ONCE: usize = 256;

#[derive(Debug, Args)]
pub struct MintArgs {
    /// A card number, a ready token such as tok_visa, or words that only one test card matches; 4242424242424242 by
    /// default.
    #[arg(value_name = "NUMBER|ALIAS|WORDS")]
    what: Vec<String>,
    /// Expiry, its year with two or four digits; a future month by default.
    #[arg(long, value_name = "MM/YY")]
    exp: Option<String>,
    /// Security code; 123 by default, 1234 for American Express; "" sends an empty one.
    #[arg(long, value_name = "CVC")]
    cvc: Option<String>,
    /// Send no security code.
    #[arg(long, conflicts_with = "cvc")]
    no_cvc: bool,
    /// The cardholder's name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Street and number.
    #[arg(long, value_name = "TEXT")]
    address_line1: Option<String>,
    /// Flat, suite or building.
    #[arg(long, value_name = "TEXT")]
    address_line2: Option<String>,
    /// City or town.
    #[arg(long, value_name = "TEXT")]
    address_city: Option<String>,
    /// State, county or region.
    #[arg(long, value_name = "TEXT")]
    address_state: Option<String>,
    /// ZIP or postal code.
    #[arg(long, value_name = "TEXT")]
    address_zip: Option<String>,
    /// Country, best as a two-letter ISO code.
    #[arg(long, value_name = "TEXT")]
    address_country: Option<String>,
    /// Currency in which the card may be paid out to, as a three-letter ISO code.
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// The preferred network of a co-branded card.
    #[arg(long, value_parser = ["visa", "mastercard", "cartes_bancaires"])]
    network: Option<String>,
    // Not a doc comment: there, brackets are a link.
    #[arg(
        long,
        value_name = "NAME=VALUE",
        help = "Set any parameter as it is, known or not, such as 'card[name]=Jenny'; may be repeated"
    )]
    param: Vec<String>,
    #[arg(long, value_name = "NAME", help = "Drop a parameter, such as 'card[exp_year]'; may be repeated")]
    without: Vec<String>,
    /// How many tokens.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// The id; or the body as the target gave it, an array of them with a count above 1; or a line of JSON each.
    #[arg(long, value_enum, default_value = "id")]
    format: MintFormat,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MintFormat {
    #[default]
    Id,
    Json,
    Jsonl,
}

#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The token's id.
    id: String,
    /// One line for a person, or the body as the target gave it.
    #[arg(long, value_enum, default_value = "text")]
    format: TokenFormat,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TokenFormat {
    Text,
    Json,
}

/// The parts of a `--param`. A wrong one is not repeated: it may hold a security code.
fn pair(text: &str) -> Result<(&str, &str), CliError> {
    text.split_once('=').ok_or_else(|| {
        CliError::Usage("A --param has no '='. Write it as NAME=VALUE, such as 'card[name]=Jenny'".to_owned())
    })
}

pub(super) fn mint(args: &MintArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let clock = args.target.time.clock(environment);
    let request = TokenRequest::new(params(args, CardExpiry::default_for(utc_day(clock.now())))?);
    let opened = OpenTarget::open(&args.target, environment)?;
    let number = request.params.get("card[number]");
    let mut results = MintResults { format: args.format, is_many: args.count > 1, number, ..MintResults::default() };
    block_on(async {
        results.begin()?;
        let calls = (0..args.count).map(|_| async {
            let request = request.to_api(&new_idempotency_key());
            opened.backend.send(&request, opened.clock.now()).await
        });
        // Stripe's test mode allows few calls at once. Local calls share a commit, and the next are made ready while it
        // is written; their order stays.
        let at_once = if opened.backend.target() == Target::Local { AT_ONCE } else { 1 };
        let mut calls = stream::iter(calls).buffered(at_once);
        while let Some(recorded) = calls.next().await {
            results.add(recorded?)?;
        }
        results.end()
    })
}

fn params(args: &MintArgs, default_expiry: CardExpiry) -> Result<Params, CliError> {
    let number = number(&args.what.join(" "))?;
    let mut params = Params::new();
    params.push("card[number]", number.as_str());
    let (month, year) = match args.exp.as_deref() {
        Some(text) => {
            text.split_once('/').map(|(month, year)| (month.to_owned(), year.to_owned())).ok_or_else(|| {
                CliError::Usage(
                    "The --exp is not MM/YY. Put a slash between month and year, or use --param 'card[exp_month]=…'"
                        .to_owned(),
                )
            })?
        }
        None => (default_expiry.month.to_string(), default_expiry.year.to_string()),
    };
    params.push("card[exp_month]", month);
    params.push("card[exp_year]", year);
    if !args.no_cvc {
        let cvc = args.cvc.as_deref().unwrap_or_else(|| passing_cvc(&number));
        params.push("card[cvc]", cvc);
    }
    for (name, value) in [
        ("card[name]", &args.name),
        ("card[address_line1]", &args.address_line1),
        ("card[address_line2]", &args.address_line2),
        ("card[address_city]", &args.address_city),
        ("card[address_state]", &args.address_state),
        ("card[address_zip]", &args.address_zip),
        ("card[address_country]", &args.address_country),
        ("card[currency]", &args.currency),
        (PREFERRED_NETWORK, &args.network),
    ] {
        if let Some(value) = value {
            params.push(name, value.as_str());
        }
    }
    for text in &args.param {
        let (name, value) = pair(text)?;
        params.set(name, value);
    }
    for name in &args.without {
        params.remove(name);
    }
    Ok(params)
}

/// The number that the words stand for.
fn number(words: &str) -> Result<String, CliError> {
    let typed = digits::ascii_digits(words);
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= 12 && typed.chars().all(|c| c.is_ascii_digit() || !c.is_alphanumeric());
    if words.is_empty() {
        return Ok(PLAIN_NUMBER.to_owned());
    }
    if is_number {
        return Ok(digits);
    }
    if let Some(card) = test_cards::by_alias(words) {
        return Ok(card.number.clone());
    }
    if let Some(card) = test_cards::made_for(words) {
        return Ok(card.number.clone());
    }
    let found: Vec<&TestCard> = test_cards::search(words).collect();
    match found[..] {
        [card] => Ok(card.number.clone()),
        [] => Err(CliError::Usage(format!(
            "No test card matches '{}'. See `testcard cards`, or send it as it is with --param 'card[number]=…'",
            mask::param("number", words).0
        ))),
        _ => {
            remark(format_args!("'{words}' matches {} test cards. Name one of them:", found.len()));
            for line in cards::table(&found) {
                remark(line);
            }
            Err(CliError::Usage("Nothing was made".to_owned()))
        }
    }
}

/// Prints the outcomes of calls, and remembers how they went.
#[derive(Default)]
struct MintResults<'a> {
    format: MintFormat,
    is_many: bool,
    /// The number that was sent.
    number: Option<&'a str>,
    printed: usize,
    answers: usize,
    errors: usize,
    failures: usize,
}

impl MintResults<'_> {
    fn is_array(&self) -> bool {
        self.is_many && self.format == MintFormat::Json
    }

    fn begin(&self) -> Result<(), CliError> {
        if self.is_array() {
            print("[")?;
        }
        Ok(())
    }

    fn add(&mut self, recorded: RecordedCall) -> Result<(), CliError> {
        match recorded.exchange.outcome {
            Ok(response) => {
                self.print(&response)?;
                // Once is enough: the account is the same for all.
                if self.answers == 0 {
                    explain(&response, self.number);
                }
                self.answers += 1;
                self.errors += usize::from(!is_token(&response));
            }
            Err(failure) => {
                self.failures += 1;
                remark(failure.message);
            }
        }
        Ok(())
    }

    fn print(&mut self, response: &ApiResponse) -> Result<(), CliError> {
        match self.format {
            MintFormat::Id => {
                print(sentence(response, response.with_token(|token| token.id().to_owned()), "token"))?;
            }
            MintFormat::Json if self.is_array() => {
                let comma = if self.printed > 0 { "," } else { "" };
                print_json(&format!("{comma}{}", response.text().trim_end()))?;
            }
            MintFormat::Json => print_json(response.text().trim_end())?,
            MintFormat::Jsonl => print_json(&response.json_line())?,
        }
        self.printed += 1;
        Ok(())
    }

    fn end(&self) -> Result<CommandOutcome, CliError> {
        if self.is_array() {
            print("]")?;
        }
        Ok(match (self.answers, self.errors, self.failures) {
            (0, ..) => CommandOutcome::WithoutAnswer,
            (_, 0, 0) => CommandOutcome::Well,
            _ => CommandOutcome::WithError,
        })
    }
}

fn is_token(response: &ApiResponse) -> bool {
    response.is_success() && response.with_token(|_| ()).is_some()
}

pub(super) fn token(args: &TokenArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let opened = OpenTarget::open_to_look(&args.target, environment)?;
    let request = ApiRequest::retrieve_token(&args.id);
    let recorded = block_on(async {
        let sent: Result<RecordedCall, StoreError> = opened.backend.send(&request, opened.clock.now()).await;
        Ok(sent?)
    })?;
    let response = recorded.exchange.outcome.map_err(|failure| CliError::NoAnswer(failure.message))?;
    if args.format == TokenFormat::Json {
        print_json(response.text().trim_end())?;
    } else {
        let token = response.with_token(|token| {
            let used = if token.is_used() { "used" } else { "unused" };
            let (brand, last4) = (token.brand().unwrap_or_default(), token.last4().unwrap_or_default());
            format!("{} {used} {brand} {last4}", token.id())
        });
        print(sentence(&response, token, "token"))?;
    }
    explain(&response, None);
    Ok(if is_token(&response) { CommandOutcome::Well } else { CommandOutcome::WithError })
}
