use jiff::civil::{Date, date};

use super::*;
use crate::domain::{form::draft::Draft, rules::expectation::Expectation};

const DAY: Date = date(2030, 1, 15);

fn read(text: &str, format: ListFormat) -> Result<Vec<RunRow>, ListError> {
    read_with(text, format, &PresetLibrary::default())
}

fn read_with(text: &str, format: ListFormat, presets: &PresetLibrary) -> Result<Vec<RunRow>, ListError> {
    rows(text, format, ListDefaults { presets: Some(presets), ..ListDefaults::default() })?.collect()
}

/// What is sent, in the order of sending.
fn sent(row: &RunRow) -> Vec<(String, String)> {
    let request = row.on(DAY).request;
    request.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_same_list_reads_the_same_in_all_formats() {
    let csv = "card[number],card[name],expect,note,tags,count,step\n\
               4242424242424242,Jenny,,first,\"smoke, nightly\",2,\n\
               4000000000009995,,insufficient_funds,,,,charge\n";
    let json = r#"[
        {"card[number]": "4242424242424242", "card[name]": "Jenny", "note": "first", "tags": ["smoke", "nightly"], "count": 2},
        {"card": {"number": 4000000000009995}, "expect": "insufficient_funds", "step": "charge"}
    ]"#;
    let jsonl = "{\"card[number]\":\"4242424242424242\",\"card[name]\":\"Jenny\",\"note\":\"first\",\"tags\":\"smoke nightly\",\"count\":\"2\"}\n\
                 \n{\"card[number]\":\"4000000000009995\",\"expect\":{\"charge\":\"insufficient_funds\"}}\n";
    let expected = read(csv, ListFormat::Csv).unwrap();
    assert_eq!(expected.len(), 3, "the first stands for two");
    assert_eq!((expected[0].note.as_str(), expected[0].tags.join(" ")), ("first", "smoke nightly".to_owned()));
    assert_eq!(
        (expected[2].last_step, expected[2].on(DAY).expects.words().as_str()),
        (RunStep::Charge, "charge declines with insufficient_funds")
    );
    assert_eq!(read(json, ListFormat::Json).unwrap(), expected);
    assert_eq!(read(jsonl, ListFormat::Jsonl).unwrap(), expected);
    assert_eq!(read(&format!("\u{feff}{csv}"), ListFormat::Csv).unwrap(), expected);
}

#[test]
fn expiry_and_code_are_added_where_the_list_has_no_columns_for_them() {
    let pairs = |text: &str, format| {
        let sent = sent(&read(text, format).unwrap()[0]);
        sent.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    let usual = "card[number]=4242424242424242 card[exp_month]=12 card[exp_year]=2034 card[cvc]=123";
    assert_eq!(pairs("card[number]\n4242424242424242\n", ListFormat::Csv), usual);
    for (text, expected) in [
        ("card[number],card[exp_month],card[cvc]\n4242424242424242,,\n", "card[number]=4242424242424242"),
        (
            "card[number],card[exp_month],card[exp_year],cvc\n4242424242424242,1,30,bad\n",
            "card[number]=4242424242424242 card[exp_month]=1 card[exp_year]=30 card[cvc]=12",
        ),
        ("card[cvc]\n123\n", "card[cvc]=123"),
        (
            "param:holder,card[number],card[exp_year],cvc\nJ,4242424242424242,,none\n",
            "holder=J card[number]=4242424242424242",
        ),
    ] {
        assert_eq!(pairs(text, ListFormat::Csv), expected);
    }
    for (text, expected) in [
        (
            r#"[{"card[number]": "", "expand": ["a", "b"]}]"#,
            "card[number]= expand[]=a expand[]=b card[exp_month]=12 card[exp_year]=2034 card[cvc]=123",
        ),
        (
            r#"[{"card": {"number": 4711009900000316877, "cvc": null, "exp_month": 1.0}}]"#,
            "card[number]=4711009900000316877 card[exp_month]=1.0",
        ),
    ] {
        assert_eq!(pairs(text, ListFormat::Json), expected);
    }
}

#[test]
fn a_preset_is_a_row() {
    let rows =
        read("preset,card[number],card[cvc],step\nmade:invalid_cvc,,,\n,4242424242424242,99,charge\n", ListFormat::Csv);
    let rows = rows.unwrap();
    assert_eq!(rows[0].on(DAY).expects.words(), "token fails with invalid_cvc");
    assert_eq!(rows[1].on(DAY).expects.words(), "token fails with invalid_cvc");
}

#[test]
fn a_preset_of_the_user_is_named_as_it_was_saved_and_the_row_goes_before_it() {
    let mut library = PresetLibrary::default();
    let draft = Draft { number: "4000000000009987".into(), expiry: "1240".to_owned(), ..Draft::default() };
    library.save("Lost, at night", &draft, Some(Expectation::refused("lost_card")), 7);
    library.tag(7, vec!["smoke".to_owned()]);
    let text = "preset,expect,note,tags,count\n\"Lost, at night\",,,,\nown:7,ok,mine,smoke nightly,2\n";
    let rows = read_with(text, ListFormat::Csv, &library).unwrap();
    let seen = |row: &RunRow| {
        let planned = row.on(DAY);
        let number = planned.request.params.get("card[number]").unwrap_or_default().to_owned();
        (number, planned.expects.words(), row.note.clone(), row.tags.join(" "))
    };
    let number = "4000000000009987".to_owned();
    let own =
        (number.clone(), "token fails with lost_card".to_owned(), "Lost, at night".to_owned(), "smoke".to_owned());
    let other = (number, "a token".to_owned(), "mine".to_owned(), "smoke nightly".to_owned());
    assert_eq!(rows.iter().map(seen).collect::<Vec<_>>(), [own, other.clone(), other]);
    let json = r#"[{"preset": "Lost, at night"}]"#;
    assert_eq!(read_with(json, ListFormat::Json, &library).unwrap(), rows[..1]);
    // Where the presets are not at hand, the list can be right.
    let looked = rows_of_any_preset("preset\nLost\nmade:no_cvc\n");
    assert_eq!(looked.map(|rows| rows.len()), Ok(2));
    assert!(rows_of_any_preset("preset\nmade:nothing\n").is_err());
}

fn rows_of_any_preset(text: &str) -> Result<Vec<RunRow>, ListError> {
    rows(text, ListFormat::Csv, ListDefaults::default())?.collect()
}

#[track_caller]
fn check(text: &str, format: ListFormat, expected: &str) {
    let error = read(text, format).unwrap_err().to_string();
    assert!(error.contains(expected), "{text}: {error}");
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_column() {
    use ListFormat::{Csv, Json, Jsonl};
    for (text, format, expected) in [
        ("card[number],expct\n4242424242424242,ok\n", Csv, "line 1, column 2 (expct): there is no such column"),
        ("card[number];expect\n1;ok\n", Csv, "line 1, column 1 (card[number];expect): there is no such column"),
        ("note,note,card\na,b,c\n", Csv, "line 1, column 2 (note): the column is there twice"),
        ("card[number],expect\n4242424242424242,ok\n42,\n1\n", Csv, "line 4: the line has 1 cell,"),
        ("card[number],expect\n4242424242424242,Declined\n", Csv, "line 2, column expect: write ok"),
        ("card[number],count\n1,1\n1,0\n", Csv, "line 3, column count: it is no whole number from 1"),
        (
            "card[number],step\n1,pay\n",
            Csv,
            "line 2, column step: write token, attach, charge, intent or partial_intent",
        ),
        ("card[number],step,expect\n1,token,charge=ok\n", Csv, "line 2, column expect: the row goes as far as token"),
        ("card[number],preset\n1,made:no_cvc\n", Csv, "line 2, column preset: a preset has its own parameters"),
        ("preset\nown:1\n", Csv, "line 2, column preset: there is no such preset"),
        (
            "note,preset\na,Lost\n",
            Csv,
            "line 2, column preset: there is no such preset. Write the name of one of your own",
        ),
        ("preset\nmade:nothing\n", Csv, "line 2, column preset: there is no such preset"),
        ("preset\n#smoke\n", Csv, "line 2, column preset: a tag stands for several presets"),
        ("card[number],card[cvc],cvc\n1,123,good\n", Csv, "line 2, column cvc: the row has a code in card[cvc]"),
        ("card[number],cvc\n1,123\n", Csv, "line 2, column cvc: write good, bad or none"),
        ("{}", Json, "line 1: it is no JSON array"),
        ("[\n{\"expect\": \"ok\"},\n\n{\"count\": {}}]", Json, "line 4, column count: it is a text or a number"),
        ("[\n{},\n7]", Json, "line 3: a row is a JSON object"),
        ("[{},\n{\"card\": ]", Json, "line 2: it is no JSON array"),
        ("{}\n{\"note\": 1", Jsonl, "line 2: it is no JSON, from byte"),
        ("{\"expect\": {}}", Jsonl, "line 1, column expect: write ok"),
    ] {
        check(text, format, expected);
    }
}

#[test]
fn no_error_repeats_what_stands_in_a_cell() {
    let secrets = ["4539578763621486", "86c42v13q", "sk_test_51PlantedKeyThatNobodyMaySee"];
    for secret in secrets {
        for column in ListColumn::ALL.map(ListColumn::as_str) {
            if let Err(error) = read(&format!("card,{column}\n1,{secret}\n"), ListFormat::Csv) {
                assert!(!error.to_string().contains(secret), "{error}");
            }
        }
        for text in [format!("{secret}\n1\n"), format!("card\n1,{secret}\n")] {
            let error = read(&text, ListFormat::Csv).unwrap_err().to_string();
            assert!(!error.contains(secret) || secret == secrets[1], "{error}");
        }
        for text in [format!("[{{\"{secret}\": 1}}]"), format!("[{{\"count\": \"{secret}\"}}]"), format!("[{secret}]")]
        {
            let error = read(&text, ListFormat::Json).unwrap_err().to_string();
            assert!(!error.contains(secret) || secret == secrets[1], "{error}");
        }
    }
}
