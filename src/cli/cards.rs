//! `cards`: the published test cards.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{
    outcome::{CliError, CommandOutcome},
    output::{columns, print, remark},
};
use crate::domain::card::test_cards::{self, StepOutcome, TestCard};

#[derive(Debug, Args)]
pub struct CardsArgs {
    /// Words that must all occur in number, name, brand, country, outcome or ready token.
    search: Vec<String>,
    /// A line each for a person, or JSON with what happens at each step.
    #[arg(long, value_enum, default_value = "table")]
    format: CardsFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CardsFormat {
    Table,
    Json,
}

/// A card as it is printed.
#[derive(Serialize)]
struct PrintedCard<'a> {
    number: &'a str,
    description: &'a str,
    group: &'a str,
    brand: &'a str,
    funding: &'a str,
    country: &'a str,
    networks: Vec<&'a str>,
    token: PrintedStep<'a>,
    attach: PrintedStep<'a>,
    charge: PrintedStep<'a>,
    intent: PrintedStep<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<&'a str>,
    token_aliases: &'a [String],
    pm_aliases: &'a [String],
    retired: bool,
}

#[derive(Serialize)]
struct PrintedStep<'a> {
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl<'a> From<&'a StepOutcome> for PrintedStep<'a> {
    fn from(step: &'a StepOutcome) -> Self {
        let plain = |outcome| Self { outcome, code: None, decline_code: None, message: None };
        match step {
            StepOutcome::Ok => plain("ok"),
            StepOutcome::Later(what) => plain(what),
            StepOutcome::NotReached => plain("not reached"),
            StepOutcome::Refused { code, decline_code, message, .. } => Self {
                outcome: "refused",
                code: Some(code),
                decline_code: Some(decline_code.as_str()).filter(|code| !code.is_empty()),
                message: Some(message),
            },
        }
    }
}

impl<'a> From<&'a TestCard> for PrintedCard<'a> {
    fn from(card: &'a TestCard) -> Self {
        Self {
            number: &card.number,
            description: &card.description,
            group: &card.group,
            brand: card.brand.as_str(),
            funding: card.funding.as_str(),
            country: &card.country,
            networks: card.networks.iter().map(|network| network.as_str()).collect(),
            token: (&card.at_token).into(),
            attach: (&card.at_attach).into(),
            charge: (&card.at_charge).into(),
            intent: card.at_intent().into(),
            follows: card.what_follows(),
            token_aliases: &card.token_aliases,
            pm_aliases: &card.pm_aliases,
            retired: card.is_retired,
        }
    }
}

pub(super) fn cards(args: &CardsArgs) -> Result<CommandOutcome, CliError> {
    let words = args.search.join(" ");
    let found: Vec<&TestCard> = test_cards::search(&words).collect();
    match args.format {
        CardsFormat::Json => {
            let printed: Vec<PrintedCard<'_>> = found.iter().map(|card| PrintedCard::from(*card)).collect();
            print(serde_json::to_string_pretty(&printed).map_err(std::io::Error::from)?)?;
        }
        CardsFormat::Table if found.is_empty() => remark(format_args!("No test card matches '{words}'")),
        CardsFormat::Table => {
            for line in table(&found) {
                print(line)?;
            }
        }
    }
    Ok(CommandOutcome::Well)
}

/// A line a card, in columns: number, brand, country, what it is for, what happens, ready token.
pub(super) fn table(cards: &[&TestCard]) -> Vec<String> {
    let outcome = |card: &TestCard| {
        [("token", &card.at_token), ("attach", &card.at_attach), ("charge", &card.at_charge)]
            .into_iter()
            .filter(|(_, step)| !matches!(step, StepOutcome::Ok | StepOutcome::NotReached))
            .map(|(name, step)| format!("{name}: {}", step.label()))
            .next_back()
            .unwrap_or_else(|| "works".to_owned())
    };
    let alias = |card: &TestCard| card.ready_alias().unwrap_or("-").to_owned();
    let rows = cards.iter().map(|card| {
        let (brand, country) = (card.brand.as_str().to_owned(), card.country.clone());
        [card.number.clone(), brand, country, card.description.clone(), outcome(card), alias(card)]
    });
    columns(rows.collect())
}
