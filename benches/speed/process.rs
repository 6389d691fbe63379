//! What a process has used so far, as Linux's `/proc` tells it.

use std::{fs, path::PathBuf, process::Child};

use super::Outcome;

/// Linux gives processor time to programs in hundredths of a second, whatever its own tick is.
const TICKS_PER_SEC: f64 = 100.0;

/// What a process has used up to a moment.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    /// User and system.
    pub(super) processor_secs: f64,
    /// To the disk, caches in between counted out.
    pub(super) written_bytes: f64,
}

impl Usage {
    pub(super) fn of(child: &Child) -> Outcome<Self> {
        let stat = read(child, "stat")?;
        // The name of the program is in parentheses and may hold anything; user and system are the 12th and 13th after it.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [user, system] = fields.get(11..13).ok_or("a short stat")? else { return Err("a short stat".into()) };
        let ticks = user.parse::<f64>()? + system.parse::<f64>()?;
        let written_bytes = value_of(&read(child, "io")?, "write_bytes:")?;
        Ok(Self { processor_secs: ticks / TICKS_PER_SEC, written_bytes })
    }
}

/// The memory of a process that is in RAM, in megabytes.
pub(super) fn resident_megabytes(child: &Child) -> Outcome<f64> {
    Ok(value_of(&read(child, "status")?, "VmRSS:")? * 1024.0 / 1e6)
}

fn read(child: &Child, file: &str) -> Outcome<String> {
    Ok(fs::read_to_string(PathBuf::from("/proc").join(child.id().to_string()).join(file))?)
}

/// The number in the line that begins with this name; a unit may follow it.
fn value_of(lines: &str, name: &str) -> Outcome<f64> {
    let value = lines.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
    Ok(value.split_whitespace().next().ok_or("no value")?.parse()?)
}
