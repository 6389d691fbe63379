//! What of a kept call is lost: one answer, which everything that makes the call anew reads.

use jiff::civil::date;
use testcard::{
    domain::{
        call::{
            again::{StandIn, request_again},
            token_calls::TokenRequest,
        },
        form::{defaults::FormDefaults, draft::Draft, kept_draft::KeptDraft},
        presets::library::PresetLibrary,
    },
    snippets::{SnippetLanguage, snippet},
};

const CARD: [(&str, &str); 3] =
    [("card[number]", "4242424242424242"), ("card[exp_month]", "12"), ("card[exp_year]", "2037")];

/// What became of a parameter: what each reader sends in its place, nothing where it is lost.
#[track_caller]
fn check(name: &str, sent: &str, expected: StandIn<'_>) {
    let params = CARD.iter().copied().filter(|(known, _)| *known != name).chain([(name, sent)]);
    let request = TokenRequest::new(params.collect());
    let kept = request.to_api("key").masked();
    let found = kept.stand_ins().find(|(known, _)| *known == name).map(|(_, stand_in)| stand_in);
    assert_eq!(found, Some(expected), "{name}={sent}");
    let known = match expected {
        StandIn::Same(text) => Some(text),
        StandIn::PassingCode(code) => Some(code),
        StandIn::Lost => None,
    };

    let again = request_again(&kept, None);
    match known {
        Some(value) => assert_eq!(again.unwrap().params.get(name), Some(value), "the other target: {name}={sent}"),
        None => assert!(again.is_err(), "the other target: {name}={sent}"),
    }

    let reused = Draft::of_request(&kept);
    let sent_anew = reused.to_request();
    let in_form = sent_anew.params.get(name).unwrap_or_default();
    assert_eq!(in_form, known.unwrap_or_default(), "reuse: {name}={sent}");
    let masked = kept.param(name).unwrap();
    let is_in_form = sent_anew.params.iter().any(|(_, value)| value == masked);
    assert_eq!(is_in_form, known == Some(masked), "reuse: {name}={sent}");

    let code = snippet(&kept, SnippetLanguage::Curl, None);
    let is_told = code.contains("not kept") || code.contains("masked");
    assert_eq!(is_told, !matches!(expected, StandIn::Same(_)), "the code: {name}={sent}\n{code}");
    let quoted = known.unwrap_or(masked);
    assert!(code.contains(quoted) || quoted.contains(['*', ' ', '•']), "the code: {name}={sent}\n{code}");

    // From the form on, what is written down is the same again.
    let mut library = PresetLibrary::default();
    let key = library.save("mine", &reused, None, 1);
    let (preset, _) = library.fill(&key, &Draft::default(), &FormDefaults::default(), date(2030, 6, 15)).unwrap();
    let draft = KeptDraft::of_json(&KeptDraft::of(&reused).0.to_json()).unwrap().to_draft(true);
    assert_eq!(preset.to_request(), sent_anew, "the preset: {name}={sent}");
    assert_eq!(draft.to_request(), sent_anew, "the draft: {name}={sent}");
}

#[test]
fn what_was_kept_whole_is_sent_whatever_it_looks_like() {
    for (name, value) in [
        ("card[name]", "J*hn"),
        ("card[name]", "J*hn 5"),
        ("card[name]", "•••"),
        ("card[name]", "***"),
        ("card[name]", "42******42"),
        ("card[address_line2]", "Apt *5"),
        ("card[address_zip]", "9****"),
        ("card[number]", "4242424242424242"),
        ("card[number]", "4*"),
        ("metadata[size]", "5*5 ••• 3"),
        ("card[cvc]", ""),
        ("amount", "1*000"),
    ] {
        check(name, value, StandIn::Same(value));
    }
}

#[test]
fn what_was_not_kept_is_lost_to_all_but_for_a_code_that_passes() {
    for (name, value, expected) in [
        ("card[number]", "4539578763621486", StandIn::Lost),
        ("card[number]", "4539 5787 6362 1486", StandIn::Lost),
        ("card[name]", "Jenny 4539578763621486", StandIn::Lost),
        ("card[name]", "sk_test_51abcdefghijk", StandIn::Lost),
        ("card[address_line1]", "4539-5787-6362-1486", StandIn::Lost),
        ("metadata[cvv]", "987", StandIn::PassingCode("123")),
        ("card[cvc]", "987", StandIn::PassingCode("123")),
        ("card[cvc]", "99", StandIn::PassingCode("123")),
        ("card[cvc]", "***", StandIn::PassingCode("123")),
    ] {
        check(name, value, expected);
    }
}

#[test]
fn a_name_that_is_masked_is_not_sent_as_if_it_were_the_name() {
    for (name, value, shown) in [
        ("metadata[4539578763621486]", "x", "metadata[453957******1486]"),
        ("metadata[4539578763621486][cvc]", "987", "metadata[453957******1486][cvc]"),
    ] {
        let params = CARD.into_iter().chain([(name, value)]);
        let kept = TokenRequest::new(params.collect()).to_api("key").masked();
        assert_eq!(kept.stand_ins().last(), Some((shown, StandIn::Lost)));
        assert!(request_again(&kept, None).is_err());
    }
}
