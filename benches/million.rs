//! What the window asks of its background, and the commands that are about many entries, on a history that grows from
//! a thousand entries to a million.
//!
//! ```sh
//! cargo bench --bench million              # some minutes, most of them to make the tokens
//! cargo bench --bench million -- 100000    # the same up to so many entries
//! ```
//!
//! The worker is the real one on a real folder; what a frame costs beside it is in `benches/frames.rs`. *First* is the time
//! to the first rows, *whole* that to the end of the list. `cat` copies the file that was exported. An import is held
//! against the bare inserts of the same rows.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::Connection;
use testcard::{
    domain::{
        clock::Clock,
        history::{
            entry::{EntryId, EntryStatus},
            filter::{HistoryFilter, SortKey, SortOrder},
        },
        settings::{file_format::FileFormat, preferences::Settings},
    },
    files::OwnFolders,
    keys::ApiKeys,
    messages::{WorkerCommand, WorkerUpdate},
    worker::{Worker, WorkerConfig},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// As many tokens as one command makes at most.
const MINTED_AT_ONCE: u64 = 100_000;
const PATIENCE: Duration = Duration::from_mins(2);
/// How many rows a screen shows at most.
const SCREEN: usize = 60;

fn main() -> Outcome<()> {
    let most = match env::args().skip(1).find(|word| word != "--bench") {
        Some(word) => word.parse()?,
        None => SIZES[SIZES.len() - 1],
    };
    let home = tempfile::tempdir()?;
    let mut made = 0;
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        while made < size {
            made += mint(home.path(), made, (size - made).min(MINTED_AT_ONCE))?;
        }
        println!("\n{:<34} {:>10} {:>10} {:>10} {:>10}", "asked for", "entries", "found", "first ms", "whole ms");
        count(home.path(), size)?;
        lists(home.path(), size)?;
        exports(home.path(), size)?;
        imports(home.path(), size)?;
    }
    Ok(())
}

/// Makes tokens of another card each time, every tenth of them refused; gives their number.
fn mint(home: &Path, made: u64, count: u64) -> Outcome<u64> {
    let cards = ["4242424242424242", "5555555555554444", "378282246310005", "6011111111111117", "3566002020360505"];
    let card = cards[(made / MINTED_AT_ONCE) as usize % cards.len()];
    let refused = (count / 10).max(1);
    let begun = Instant::now();
    for (count, month) in [(count - refused, "12/39"), (refused, "01/20")] {
        let mut command = program(home);
        command.args(["mint", card, "--exp", month, "--count", &count.to_string(), "--name", "Jenny Rosen"]);
        // A refusal is an answer like any other, which the status of the command tells.
        command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    }
    println!("mint --count: {count} on top of {made}, {:.0} a second", count as f64 / begun.elapsed().as_secs_f64());
    Ok(count)
}

fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testcard"));
    command.env("TESTCARD_HOME", home).env_remove("STRIPE_SECRET_KEY");
    command
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn row(what: &str, entries: u64, found: usize, first: Duration, whole: Duration) {
    println!("{what:<34} {entries:>10} {found:>10} {:>10.1} {:>10.1}", millis(first), millis(whole));
}

/// What SQLite needs to count the rows, for comparison.
fn count(home: &Path, entries: u64) -> Outcome<()> {
    let connection = Connection::open(home.join("data").join("testcard.sqlite3"))?;
    let begun = Instant::now();
    let found: i64 = connection.query_row("SELECT count(*) FROM entries NOT INDEXED", [], |row| row.get(0))?;
    row("SELECT count(*)", entries, found.try_into()?, begun.elapsed(), begun.elapsed());
    Ok(())
}

/// The background of a window.
struct Background {
    worker: Worker,
    generation: u64,
    /// The list that came last.
    ids: Vec<EntryId>,
}

impl Background {
    fn open(home: &Path) -> Outcome<Self> {
        let config = WorkerConfig {
            folder: Some(home.join("data")),
            settings: Settings::default(),
            settings_file: None,
            layout_file: None,
            own_folders: OwnFolders::default(),
            clock: Clock::fixed(Timestamp::from_second(1_900_000_000)?),
            keys: ApiKeys::session_only(None),
        };
        Ok(Self { worker: Worker::start(config, Arc::new(|| ())), generation: 0, ids: Vec::new() })
    }

    fn ask(&mut self, filter: HistoryFilter) {
        self.generation += 1;
        self.worker.send(WorkerCommand::SetFilter { generation: self.generation, filter });
    }

    /// Waits for the list that was asked for last; how long that took from `begun` on.
    fn wait(&mut self, begun: Instant) -> Outcome<(Duration, Duration)> {
        let mut first = None;
        loop {
            let asked = self.generation;
            let is_whole = match self.worker.recv_timeout(PATIENCE).ok_or("no list came")? {
                WorkerUpdate::History { generation, list, is_whole, .. } if generation == asked => {
                    self.ids = list.iter().collect();
                    is_whole
                }
                WorkerUpdate::MoreHistory { generation, ids, is_whole, .. } if generation == asked => {
                    self.ids.extend(ids);
                    is_whole
                }
                _ => continue,
            };
            let first = *first.get_or_insert(begun.elapsed());
            if is_whole {
                return Ok((first, begun.elapsed()));
            }
        }
    }

    fn measure(&mut self, what: &str, entries: u64, filter: HistoryFilter) -> Outcome<()> {
        let begun = Instant::now();
        self.ask(filter);
        let (first, whole) = self.wait(begun)?;
        row(what, entries, self.ids.len(), first, whole);
        Ok(())
    }
}

fn lists(home: &Path, entries: u64) -> Outcome<()> {
    let begun = Instant::now();
    let mut background = Background::open(home)?;
    background.ask(HistoryFilter::default());
    let (first, whole) = background.wait(begun)?;
    row("open", entries, background.ids.len(), first, whole);

    let last = background.ids[background.ids.len().saturating_sub(SCREEN)..].to_vec();
    let begun = Instant::now();
    background.worker.send(WorkerCommand::LoadRows { ids: last });
    while !matches!(background.worker.recv_timeout(PATIENCE).ok_or("no rows came")?, WorkerUpdate::Rows(_)) {}
    row("jump to the end", entries, SCREEN, begun.elapsed(), begun.elapsed());

    let searched = |words: &str| HistoryFilter { search: words.to_owned(), ..HistoryFilter::default() };
    for words in ["tok_", "4242 visa", "expired", "nowhere"] {
        background.measure(&format!("search: {words}"), entries, searched(words))?;
    }
    let begun = Instant::now();
    for end in 1..="nowhere".len() {
        background.ask(searched(&"nowhere"[..end]));
    }
    background.ask(searched("expired"));
    let (first, whole) = background.wait(begun)?;
    row("search: eight keys, the last ends", entries, background.ids.len(), first, whole);
    for status in [EntryStatus::Failed, EntryStatus::Used] {
        let filter = HistoryFilter { status: Some(status), ..HistoryFilter::default() };
        background.measure(&format!("status: {}", status.as_str()), entries, filter)?;
    }
    for key in SortKey::ALL {
        for is_descending in [true, false] {
            let sort = SortOrder { key, is_descending };
            let name = format!("sort: {} {}", key.as_str(), if is_descending { "down" } else { "up" });
            background.measure(&name, entries, HistoryFilter { sort, ..HistoryFilter::default() })?;
        }
    }
    Ok(())
}

/// Exports everything in each format, and copies each file with `cat`: the memory is the same however many entries there
/// are.
fn exports(home: &Path, entries: u64) -> Outcome<()> {
    println!("\n{:<34} {:>10} {:>10} {:>10} {:>10} {:>10}", "export", "entries", "MB", "ms", "× cat", "memory MB");
    for format in FileFormat::ALL {
        let file = home.join("export");
        let copy = home.join("copy");
        let mut command = program(home);
        command.arg("export").arg(&file).args(["--force", "--format", format.as_str()]);
        let (took, peak) = run(&mut command)?;
        let (cat, _) = run(Command::new("cat").arg(&file).stdout(fs::File::create(&copy)?))?;
        let bytes = fs::metadata(&file)?.len();
        println!(
            "{:<34} {entries:>10} {:>10.1} {:>10.0} {:>10.1} {:>10.1}",
            format.as_str(),
            bytes as f64 / 1e6,
            millis(took),
            took.as_secs_f64() / cat.as_secs_f64(),
            peak as f64 / 1000.0
        );
        [file, copy].iter().try_for_each(fs::remove_file)?;
    }
    Ok(())
}

/// Imports everything into a new history, beside what SQLite needs to insert the same rows into tables without a word of
/// what they mean.
fn imports(home: &Path, entries: u64) -> Outcome<()> {
    println!("\n{:<34} {:>10} {:>10} {:>10} {:>10}", "import", "entries", "ms", "× inserts", "memory MB");
    let inserts = bare_inserts(home)?;
    for format in [FileFormat::Json, FileFormat::Jsonl] {
        let file = home.join(format!("import.{}", format.ending()));
        run(program(home).arg("export").arg(&file))?;
        let other = tempfile::tempdir()?;
        let (took, peak) = run(program(other.path()).arg("import").arg(&file))?;
        println!(
            "{:<34} {entries:>10} {:>10.0} {:>10.1} {:>10.1}",
            format.as_str(),
            millis(took),
            took.as_secs_f64() / inserts.as_secs_f64(),
            peak as f64 / 1000.0
        );
        fs::remove_file(file)?;
    }
    Ok(())
}

/// How long it takes to insert the rows of the history's two large tables, with their indexes, in one transaction.
fn bare_inserts(home: &Path) -> Outcome<Duration> {
    let other = tempfile::tempdir()?;
    // A history without anything in it, for its tables.
    run(program(other.path()).arg("reset").stdout(Stdio::null()))?;
    let connection = Connection::open(other.path().join("data").join("testcard.sqlite3"))?;
    let from = home.join("data").join("testcard.sqlite3");
    connection.execute("ATTACH ?1 AS old", [from.to_str().ok_or("the path is not UTF-8")?])?;
    let begun = Instant::now();
    connection.execute_batch(
        "BEGIN; INSERT INTO entries SELECT * FROM old.entries; INSERT INTO exchanges SELECT * FROM old.exchanges; COMMIT;",
    )?;
    Ok(begun.elapsed())
}

/// How long a program runs, and the most memory that it had, in kilobytes.
fn run(command: &mut Command) -> Outcome<(Duration, u64)> {
    let begun = Instant::now();
    let mut child = command.stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait()? {
            let took = begun.elapsed();
            return if status.success() { Ok((took, peak)) } else { Err("it failed".into()) };
        }
        peak = peak.max(peak_of(&child).unwrap_or(0));
        thread::sleep(Duration::from_millis(1));
    }
}

fn peak_of(child: &Child) -> Option<u64> {
    let status: PathBuf = Path::new("/proc").join(child.id().to_string()).join("status");
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
