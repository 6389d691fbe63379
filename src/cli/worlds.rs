//! `reset` and `clock`: what the minter keeps, and the time by which it answers.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{
    environment::ProcessEnvironment,
    opened::open_store,
    outcome::{CliError, CommandOutcome},
    output::print,
};
use crate::{
    backend::BackendTargets,
    domain::{
        call::account::{AccountId, AccountName},
        clock::{parse_moment, parse_time_span},
        plural::number_of,
    },
    store::{ClockChange, Store},
};

/// Whose world is meant.
#[derive(Debug, Args)]
struct WorldArgs {
    /// The account whose own world is meant, as `serve --isolate` has them: its id, or a test key of it.
    #[arg(long, value_name = "ACCOUNT|KEY", value_parser = AccountName::parse)]
    account: Option<AccountName>,
}

impl WorldArgs {
    fn world(&self, store: &Store) -> Option<AccountId> {
        self.account.as_ref().map(|account| BackendTargets::new(store.clone(), None).account_named(account))
    }
}

#[derive(Debug, Args)]
pub struct ResetArgs {
    #[command(flatten)]
    world: WorldArgs,
}

#[derive(Debug, Args)]
pub struct ClockArgs {
    /// Let it show this moment: Unix seconds, or a time in the form of YYYY-MM-DDThh:mm:ssZ.
    #[arg(long, value_name = "T", value_parser = parse_moment, group = "change")]
    set: Option<Timestamp>,
    /// Let it go on at once by this time: seconds, or a number with s, m, h or d behind it.
    #[arg(long, value_name = "TIME", value_parser = parse_time_span, group = "change")]
    advance: Option<SignedDuration>,
    /// Let it show what the clock of this machine shows.
    #[arg(long, group = "change")]
    machine: bool,
    #[command(flatten)]
    world: WorldArgs,
}

impl ClockArgs {
    fn change(&self) -> ClockChange {
        match (self.set, self.advance, self.machine) {
            (Some(moment), ..) => ClockChange::To(moment),
            (_, Some(time), _) => ClockChange::By(time),
            (.., true) => ClockChange::Machine,
            _ => ClockChange::None,
        }
    }
}

/// Without an account, everything is dropped in all worlds.
pub(super) fn reset(args: &ResetArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let store = open_store(environment)?;
    let objects = match args.world.world(&store) {
        Some(world) => store.reset_world(Some(&world)).wait()?,
        None => store.reset().wait()?,
    };
    print(format_args!("{} dropped; the history stays", number_of(objects, "object", "objects")))?;
    Ok(CommandOutcome::Well)
}

pub(super) fn clock(args: &ClockArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let store = open_store(environment)?;
    let world = args.world.world(&store);
    let shown = store.set_clock(world.as_ref(), args.change(), environment.clock.now()).wait()?;
    print(format_args!("{shown:.0}"))?;
    Ok(CommandOutcome::Well)
}
