//! The picture of a token's life: what stands in each of its rows, and which lines pass through. Made once for each
//! revision.

use jiff::Timestamp;

use crate::{
    domain::{
        foreign,
        history::{
            call_words::StateMood,
            request_log::ExchangeId,
            token_life::{DeliveryState, LANES, LifeEvent, LifeNode, LifeRow, LifeStep, TokenLife},
        },
        zone::LocalZone,
    },
    ui::words,
};

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowSubject {
    Life(LifeRow),
    /// What the payer of this node, an intent, can do.
    Authenticate(usize),
    /// That there is more than is shown.
    More,
}

/// The lines that pass through a row, by the columns of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowLines {
    /// The column of what the row is of.
    pub(super) column: usize,
    /// The column from which a line leads to it.
    pub(super) from: Option<usize>,
    /// The columns whose line passes the upper half of the row, and the lower one: a bit each.
    pub(super) above: u8,
    pub(super) below: u8,
}

/// A row as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PictureRow {
    pub(super) subject: RowSubject,
    pub(super) lines: RowLines,
    pub(super) mood: StateMood,
    /// The first line: what it is, and at its end the amount.
    pub(super) title: String,
    pub(super) amount: String,
    /// The second line: how it stands, and at its end the time. Between the two, where there is room, the id in short.
    pub(super) state: String,
    pub(super) short_id: String,
    pub(super) time: String,
    /// What a screen reader says, and the tooltip.
    pub(super) spoken: String,
    /// The call that the row opens.
    pub(super) exchange: Option<ExchangeId>,
}

/// The whole picture.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) rows: Vec<PictureRow>,
    /// How many columns of lines it has: a lane that nothing is in takes no room.
    pub(super) columns: usize,
}

impl Picture {
    pub(super) fn of(life: &TokenLife, zone: &LocalZone) -> Self {
        let mut subjects = Vec::with_capacity(life.rows.len() + 2);
        for row in &life.rows {
            subjects.push(RowSubject::Life(*row));
            if let LifeRow::Node(node) = row
                && life.is_here
                && life.nodes[*node].requires_action()
            {
                subjects.push(RowSubject::Authenticate(*node));
            }
        }
        if !life.is_whole {
            subjects.push(RowSubject::More);
        }
        let (lines, columns) = lines(life, &subjects);
        let words = RowWords { life, zone, first: life.nodes[0].when };
        let rows = subjects.into_iter().zip(lines).map(|(subject, lines)| words.row(subject, lines));
        Self { rows: rows.collect(), columns }
    }
}

/// The lines of each row, and how many columns there are.
fn lines(life: &TokenLife, subjects: &[RowSubject]) -> (Vec<RowLines>, usize) {
    let mut is_used = [false; LANES];
    life.nodes.iter().for_each(|node| is_used[node.object.lane()] = true);
    let mut columns = [0; LANES];
    let mut count = 0;
    for (column, is_used) in columns.iter_mut().zip(is_used) {
        *column = count;
        count += usize::from(is_used);
    }
    let column_of = |node: usize| columns[life.nodes[node].object.lane()];
    let mut lines = vec![RowLines::default(); subjects.len()];
    // From the row of a node to the last row of what is directly below it.
    let mut spans: Vec<Option<(usize, usize)>> = vec![None; life.nodes.len()];
    for (nth, subject) in subjects.iter().enumerate() {
        let RowLines { column, from, .. } = &mut lines[nth];
        let owner = match subject {
            RowSubject::Life(LifeRow::Node(node)) => {
                spans[*node] = Some((nth, nth));
                *column = column_of(*node);
                let parent = life.nodes[*node].parent;
                // What is made of an object in its own lane hangs on its line.
                *from = parent.map(column_of).filter(|from| from != column);
                parent
            }
            RowSubject::Life(row) => {
                let node = life.node_of(*row);
                *column = column_of(node);
                Some(node)
            }
            RowSubject::Authenticate(node) => {
                *column = column_of(*node);
                Some(*node)
            }
            RowSubject::More => None,
        };
        if let Some(span) = owner.and_then(|owner| spans[owner].as_mut()) {
            span.1 = nth;
        }
    }
    for (node, span) in spans.iter().enumerate() {
        let Some((first, last)) = *span else { continue };
        let bit = 1 << column_of(node);
        for (nth, row) in lines.iter_mut().enumerate().take(last + 1).skip(first) {
            row.above |= if nth > first { bit } else { 0 };
            row.below |= if nth < last { bit } else { 0 };
        }
    }
    (lines, count)
}

/// Writes what stands in the rows.
struct RowWords<'a> {
    life: &'a TokenLife,
    zone: &'a LocalZone,
    /// When the token was made: the times of its day are told without the day.
    first: Option<Timestamp>,
}

impl RowWords<'_> {
    fn row(&self, subject: RowSubject, lines: RowLines) -> PictureRow {
        let row = PictureRow {
            subject,
            lines,
            mood: StateMood::Neutral,
            title: String::new(),
            amount: String::new(),
            state: String::new(),
            short_id: String::new(),
            time: String::new(),
            spoken: String::new(),
            exchange: None,
        };
        match subject {
            RowSubject::Life(LifeRow::Node(node)) => self.node(&self.life.nodes[node], &row),
            RowSubject::Life(LifeRow::Step(step)) => self.step(&self.life.steps[step], row),
            RowSubject::Life(LifeRow::Event(event)) => self.event(&self.life.events[event], row),
            RowSubject::Authenticate(node) => {
                let title = "The payer is at the bank".to_owned();
                let spoken = format!("End the authentication of {}", self.life.nodes[node].id);
                PictureRow { mood: StateMood::Waiting, title, spoken, ..row }
            }
            RowSubject::More => {
                let title = "There is more than is shown".to_owned();
                let state = "The request log has all calls".to_owned();
                PictureRow { spoken: format!("{title}. {state}"), title, state, ..row }
            }
        }
    }

    fn node(&self, node: &LifeNode, row: &PictureRow) -> PictureRow {
        let LifeNode { object, id, state, amount, note, when, exchange, client, .. } = node;
        let word = if state.word.is_empty() { "not told" } else { &state.word };
        let shown = match note {
            Some(note) => format!("{word} · {note}"),
            None => word.to_owned(),
        };
        let mut spoken = format!("{} {id}: {word}", object.label());
        for part in [amount, note].into_iter().flatten() {
            spoken.push_str(", ");
            spoken.push_str(part);
        }
        self.add_when(&mut spoken, *when, client.as_deref());
        PictureRow {
            mood: state.mood,
            title: object.label().to_owned(),
            amount: amount.clone().unwrap_or_default(),
            state: shown,
            short_id: short(id),
            time: self.time(*when),
            spoken,
            exchange: *exchange,
            ..row.clone()
        }
    }

    fn step(&self, step: &LifeStep, row: PictureRow) -> PictureRow {
        let LifeStep { words, when, exchange, .. } = step;
        let mut spoken = words.words.clone();
        self.add_when(&mut spoken, Some(*when), Some(&words.client));
        // What came of it has the second line, where there is more room.
        let (title, state) = match words.words.split_once(": ") {
            Some((what, came)) => (what, format!("{came} · {}", words.client)),
            None => (words.words.as_str(), words.client.clone()),
        };
        PictureRow {
            mood: words.mood,
            title: title.to_owned(),
            state,
            time: self.time(Some(*when)),
            spoken,
            exchange: Some(*exchange),
            ..row
        }
    }

    fn event(&self, event: &LifeEvent, row: PictureRow) -> PictureRow {
        let LifeEvent { id, event_type, when, exchange, .. } = event;
        let (mood, state) = self.delivery(event);
        let mut spoken = format!("Event {event_type}: {state}, {id}");
        self.add_when(&mut spoken, *when, None);
        PictureRow {
            mood,
            title: event_type.clone(),
            state: match mood {
                StateMood::Good | StateMood::Neutral => format!("{state} · {}", self.time(*when)),
                StateMood::Bad | StateMood::Waiting => state,
            },
            spoken,
            exchange: *exchange,
            ..row
        }
    }

    /// How an event is on its way, in words.
    fn delivery(&self, event: &LifeEvent) -> (StateMood, String) {
        let Some(delivery) = event.delivery() else {
            return (StateMood::Neutral, "No endpoint asks for it".to_owned());
        };
        let mood = match delivery.state {
            DeliveryState::Passed => StateMood::Neutral,
            DeliveryState::Taken => StateMood::Good,
            DeliveryState::Queued | DeliveryState::Waits { .. } => StateMood::Waiting,
            DeliveryState::GivenUp { .. } => StateMood::Bad,
        };
        (mood, foreign::label(&delivery.words(|when| self.time(Some(when)))).into_owned())
    }

    fn add_when(&self, spoken: &mut String, when: Option<Timestamp>, client: Option<&str>) {
        if let Some(when) = when {
            spoken.push_str(", ");
            spoken.push_str(&words::moment(when, self.zone));
        }
        if let Some(client) = client {
            spoken.push_str(", from ");
            spoken.push_str(client);
        }
    }

    fn time(&self, when: Option<Timestamp>) -> String {
        let Some(when) = when else { return String::new() };
        let is_same_day = self.first.is_some_and(|first| self.zone.day(first) == self.zone.day(when));
        if is_same_day { words::time_of_day(when, self.zone) } else { words::day_and_time(when, self.zone) }
    }
}

/// An id in short: its last characters, for its row says what it is of.
fn short(id: &str) -> String {
    const OWN: usize = 6;
    let own = id.split_once('_').map(|(_, own)| own).filter(|own| own.len() > OWN + 2 && own.is_ascii());
    own.map_or_else(|| id.to_owned(), |own| format!("…{}", &own[own.len() - OWN..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_short_keeps_what_tells_it_from_others() {
        for (id, expected) in [("pi_3TestAccountOwn123abc", "…123abc"), ("cus_1", "cus_1"), ("", "")] {
            assert_eq!(short(id), expected);
        }
    }
}
