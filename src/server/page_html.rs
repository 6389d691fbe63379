//! The pages that a payer sees, as HTML: plain, without a script, and with a style of their own that a policy names by its
//! hash.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::{
    call::intent_calls::AuthenticationResult,
    card::{brand::Brand, currency::ChargeCurrency},
    foreign, markup,
};

/// What a page tells of the payment, as the minter gives it.
pub(super) struct PageFacts<'a> {
    body: &'a Value,
}

impl<'a> PageFacts<'a> {
    pub(super) fn of(body: &'a Value) -> Self {
        Self { body }
    }

    fn text(&self, key: &str) -> &'a str {
        self.body[key].as_str().unwrap_or_default()
    }

    /// "$20.00"; of a setup, what it is.
    fn what(&self) -> String {
        let amount = self.body["amount"].as_i64();
        let currency = ChargeCurrency::parse(self.text("currency"));
        match amount.zip(currency) {
            Some((amount, currency)) => format!("{} {}", currency.show(amount), currency.as_str().to_ascii_uppercase()),
            None => "Save a card, pay nothing".to_owned(),
        }
    }

    /// "Visa •••• 3220".
    fn card(&self) -> String {
        let card = &self.body["card"];
        let code = card["brand"].as_str().unwrap_or_default();
        let brand = Brand::ALL.into_iter().find(|brand| brand.code() == code).map_or("Card", Brand::as_str);
        match card["last4"].as_str() {
            Some(last4) => format!("{brand} •••• {last4}"),
            None => "A card that is gone: nothing can be paid with it".to_owned(),
        }
    }

    /// The shop that the payer goes back to: a host, or the scheme of an app.
    fn shop(&self) -> Option<String> {
        let url = url::Url::parse(self.body["return_url"].as_str()?).ok()?;
        Some(match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) if matches!(url.scheme(), "http" | "https") => host.to_owned(),
            _ => format!("{}://", url.scheme()),
        })
    }
}

/// The page that asks the payer. Where each account has a world of its own, it says so.
pub(super) fn asking(facts: &PageFacts<'_>, is_isolating: bool) -> String {
    let world = if is_isolating { "one of its own, of this account" } else { "the common one" };
    let shop = facts.shop();
    let mut rows = vec![
        ("Intent", facts.text("intent").to_owned(), true),
        ("Account", facts.text("account").to_owned(), true),
        ("World", world.to_owned(), false),
    ];
    rows.extend(shop.map(|shop| ("Leads back to", shop, true)));
    let rows: String = rows.iter().map(|(name, value, is_code)| row(name, value, *is_code)).collect();
    let buttons: String = AuthenticationResult::ALL.into_iter().map(button).collect();
    let main = format!(
        "<p class=\"eyebrow\">3D Secure in test mode</p><h1>{}</h1><p class=\"card\">{}</p><dl>{rows}</dl>\
         <form method=\"post\">{buttons}</form>\
         <p class=\"foot\">Testcard stands in for the card’s bank here. No money moves.</p>",
        shown(&facts.what()),
        shown(&facts.card()),
    );
    page(&format!("Authenticate {}", facts.what()), &main)
}

/// What a button is called, and what it does.
fn button(result: AuthenticationResult) -> String {
    let (label, about, more) = match result {
        AuthenticationResult::Complete => {
            ("Complete", "The holder of the card confirms it. The bank may still decline.", " class=\"go\" autofocus")
        }
        AuthenticationResult::Fail => ("Fail", "The holder is not recognised. Nothing is paid.", ""),
        AuthenticationResult::Cancel => ("Cancel", "The holder turns back. Nothing is paid.", ""),
    };
    let word = result.as_str();
    format!(
        "<p><button name=\"result\" value=\"{word}\" aria-describedby=\"{word}\"{more}>{label}</button>\
         <span id=\"{word}\">{about}</span></p>"
    )
}

/// The page after a press where no shop waits: it says what happened.
pub(super) fn ended(facts: &PageFacts<'_>) -> String {
    let status = row("Status", facts.text("status"), true);
    let main = format!(
        "<p class=\"eyebrow\">3D Secure in test mode</p><h1>Authentication ended: {}</h1><p class=\"card\">{}, {}</p>\
         <dl>{}{status}</dl><p class=\"foot\">The call that confirmed the intent gave no return_url that a browser may be led \
         to: you can close this page.</p>",
        shown(facts.text("result")),
        shown(&facts.what()),
        shown(&facts.card()),
        row("Intent", facts.text("intent"), true),
    );
    page("Authentication ended", &main)
}

/// The page of a refusal: why, and the way back to the shop where there is one.
pub(super) fn refused(reason: &str, leads_to: Option<&str>) -> String {
    let link = leads_to.map(|url| format!("<p><a href=\"{}\">Go back to the shop</a></p>", markup::attribute(url)));
    let main = format!(
        "<p class=\"eyebrow\">3D Secure in test mode</p><h1>Nothing was done</h1><p>{}</p>{}",
        shown(reason),
        link.unwrap_or_default()
    );
    page("Nothing was done", &main)
}

fn row(name: &str, value: &str, is_code: bool) -> String {
    let value = shown(value);
    let value = if is_code { format!("<code>{value}</code>") } else { value };
    format!("<div><dt>{name}</dt><dd>{value}</dd></div>")
}

/// A text of others: no sign of it acts.
fn shown(text: &str) -> String {
    markup::text(&foreign::sentence(text))
}

fn page(title: &str, main: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} · Testcard</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><style>{STYLE}</style></head><body><main>{main}</main></body></html>\n",
        shown(title)
    )
}

/// What every page may load: its own style, and nothing else.
pub(super) fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'")
    });
    &POLICY
}

const STYLE: &str = "\
:root{--page:#f6f7f9;--pane:#fff;--text:#16191f;--weak:#5b6472;--line:#d3d8df;--accent:#4f46e5;--on-accent:#fff}\
@media(prefers-color-scheme:dark){:root{--page:#111318;--pane:#191c22;--text:#e8eaee;--weak:#9aa3b2;--line:#3a404c;\
--accent:#8b87ff;--on-accent:#111318}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--page);color:var(--text);\
font:16px/1.5 Inter,system-ui,sans-serif}\
main{width:min(440px,100%);background:var(--pane);border:1px solid var(--line);border-radius:14px;padding:28px 30px}\
@media(max-width:480px){body{place-items:start stretch}main{border:0;border-radius:0;padding:20px;min-height:100vh}}\
.eyebrow{margin:0;color:var(--weak);font-size:13px}\
h1{margin:2px 0 4px;font-size:27px;line-height:1.2;overflow-wrap:anywhere}\
.card{margin:0;font-size:17px}\
dl{margin:18px 0 22px;font-size:14px}\
dl div{display:flex;gap:12px;padding:6px 0;border-top:1px solid var(--line)}\
dt{color:var(--weak);flex:0 0 104px}\
dd{margin:0;min-width:0;overflow-wrap:anywhere}\
code{font:13px/1.5 'JetBrains Mono',ui-monospace,monospace}\
form p{display:flex;align-items:center;gap:14px;margin:10px 0}\
form span{color:var(--weak);font-size:13px;line-height:1.35}\
button{flex:0 0 112px;min-height:42px;font:inherit;font-weight:600;color:inherit;background:transparent;\
border:1px solid var(--line);border-radius:9px;cursor:pointer}\
button:hover{border-color:var(--accent)}\
button.go{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}\
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}\
a{color:var(--accent)}\
.foot{margin:22px 0 0;color:var(--weak);font-size:13px}";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_of_a_page_acts() {
        let nasty = "<script>alert(1)</script>\"'\u{202e}";
        let body = json!({
            "intent": nasty, "account": nasty, "status": nasty, "result": nasty, "amount": 2000, "currency": nasty,
            "card": { "brand": nasty, "last4": nasty }, "return_url": format!("https://shop.example/{nasty}"),
        });
        let facts = PageFacts::of(&body);
        let pages = [asking(&facts, true), ended(&facts), refused(nasty, Some("https://x/\"><script>"))];
        for page in pages {
            assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        }
    }

    #[test]
    fn a_page_says_what_is_paid_with_which_card() {
        let body = json!({
            "intent": "pi_1", "account": "acct_1", "amount": 2000, "currency": "usd",
            "card": { "brand": "amex", "last4": "0005" }, "return_url": "http://localhost:3000/done",
        });
        let page = asking(&PageFacts::of(&body), false);
        for words in ["$20.00 USD", "American Express •••• 0005", "pi_1", "acct_1", "the common one", "localhost:3000"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        let setup = json!({ "card": null, "amount": null });
        let page = asking(&PageFacts::of(&setup), true);
        assert!(
            page.contains("Save a card") && page.contains("A card that is gone") && page.contains("of this account")
        );
    }
}
