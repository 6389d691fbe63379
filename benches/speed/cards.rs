//! Varied cards: what a thousand testers would send, no two alike.

use std::sync::LazyLock;

use testcard::domain::card::test_cards::{self, StepOutcome, TestCard};

use super::request::{scrambled, write_post};

const FIRST_NAMES: [&str; 40] = [
    "Jenny",
    "Ada",
    "Björn",
    "Chloé",
    "Diego",
    "Emeka",
    "Fatima",
    "Grace",
    "Hiroshi",
    "Ingrid",
    "João",
    "Katarzyna",
    "Liam",
    "Mei",
    "Noor",
    "Olivia",
    "Pavel",
    "Quentin",
    "Rosa",
    "Sanjay",
    "Tariq",
    "Ursula",
    "Viktor",
    "Wanda",
    "Ximena",
    "Yusuf",
    "Zoë",
    "Amara",
    "Benedikt",
    "Carmen",
    "Dmitri",
    "Eleni",
    "Farid",
    "Giulia",
    "Hannah",
    "Ivan",
    "Jasmin",
    "Kwame",
    "Lucía",
    "Mohammed",
];
const FAMILY_NAMES: [&str; 40] = [
    "Rosen",
    "Lovelace",
    "Andersson",
    "Dubois",
    "Fernández",
    "Okafor",
    "Al-Sayed",
    "Hopper",
    "Tanaka",
    "Bergström",
    "Silva",
    "Kowalska",
    "Murphy",
    "Chen",
    "van der Berg",
    "Smith",
    "Novák",
    "Lefèvre",
    "Martínez",
    "Patel",
    "Khan",
    "Müller",
    "Petrov",
    "Wiśniewska",
    "Gutiérrez",
    "Yılmaz",
    "O'Connor",
    "Diallo",
    "Huber",
    "Reyes",
    "Sokolov",
    "Papadopoulos",
    "Hosseini",
    "Rossi",
    "Schneider",
    "Horvat",
    "Nguyen",
    "Mensah",
    "Vargas",
    "Johnson",
];
const STREETS: [&str; 32] = [
    "South Street",
    "Market Street",
    "Hauptstraße",
    "Rue de Rivoli",
    "Gran Vía",
    "King's Road",
    "Elm Avenue",
    "Rua Augusta",
    "Nanjing Road",
    "Park Lane",
    "Main Street",
    "Lindenallee",
    "Via Roma",
    "Calle Mayor",
    "High Street",
    "Station Road",
    "Church Lane",
    "Bahnhofstrasse",
    "Avenue Foch",
    "Queen Street",
    "Harbour View",
    "Mill Lane",
    "Oak Drive",
    "Sunset Boulevard",
    "Broadway",
    "Prinsengracht",
    "Nevsky Prospekt",
    "Karl Johans gate",
    "Strøget",
    "Mannerheimintie",
    "Nowy Świat",
    "Wenceslas Square",
];
/// City, state, postal code without its last two digits, country.
const PLACES: [(&str, &str, &str, &str); 24] = [
    ("Köln", "NRW", "506", "DE"),
    ("San Francisco", "CA", "941", "US"),
    ("New York", "NY", "100", "US"),
    ("Paris", "Île-de-France", "750", "FR"),
    ("Madrid", "Madrid", "280", "ES"),
    ("São Paulo", "SP", "010", "BR"),
    ("Wien", "Wien", "10", "AT"),
    ("Zürich", "ZH", "80", "CH"),
    ("Milano", "MI", "201", "IT"),
    ("Warszawa", "Mazowieckie", "000", "PL"),
    ("Praha", "Praha", "110", "CZ"),
    ("Oslo", "Oslo", "01", "NO"),
    ("Stockholm", "Stockholm", "111", "SE"),
    ("Helsinki", "Uusimaa", "001", "FI"),
    ("Sydney", "NSW", "20", "AU"),
    ("Auckland", "Auckland", "10", "NZ"),
    ("Chicago", "IL", "606", "US"),
    ("Austin", "TX", "787", "US"),
    ("Seattle", "WA", "981", "US"),
    ("Boston", "MA", "021", "US"),
    ("Lisboa", "Lisboa", "10", "PT"),
    ("Athína", "Attica", "105", "GR"),
    ("Budapest", "Budapest", "10", "HU"),
    ("Hamburg", "HH", "200", "DE"),
];

/// The published test cards that become a token.
static CARDS: LazyLock<Vec<&TestCard>> = LazyLock::new(|| {
    test_cards::all().iter().filter(|card| card.at_token == StepOutcome::Ok && !card.is_retired).collect()
});

/// Takes one choice after the other out of a number.
struct Choices(u64);

impl Choices {
    fn below(&mut self, choices: u64) -> u64 {
        let choice = self.0 % choices;
        self.0 = scrambled(self.0 ^ choices);
        choice
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Writes the request for the token of a number. Three of four have an address, one of four of these a second line.
pub(super) fn write_token(number: u64, request: &mut Vec<u8>) {
    let mut choices = Choices(scrambled(number));
    let card = choices.of(&CARDS);
    let name = format!("{} {}", choices.of(&FIRST_NAMES), choices.of(&FAMILY_NAMES));
    let month = (1 + choices.below(12)).to_string();
    let year = (2050 + choices.below(10)).to_string();
    let mut params = form_urlencoded::Serializer::new(String::with_capacity(512));
    params
        .append_pair("card[number]", &card.number)
        .append_pair("card[exp_month]", &month)
        .append_pair("card[exp_year]", &year)
        .append_pair("card[cvc]", card.brand.passing_cvc())
        .append_pair("card[name]", &name);
    if choices.below(4) > 0 {
        let (city, state, zip, country) = PLACES[choices.below(PLACES.len() as u64) as usize];
        let line1 = format!("{} {}", 1 + choices.below(400), choices.of(&STREETS));
        params
            .append_pair("card[address_line1]", &line1)
            .append_pair("card[address_city]", city)
            .append_pair("card[address_state]", state)
            .append_pair("card[address_zip]", &format!("{zip}{:02}", choices.below(100)))
            .append_pair("card[address_country]", country);
        if choices.below(4) == 0 {
            params.append_pair("card[address_line2]", &format!("Apt {}", 1 + choices.below(90)));
        }
    }
    write_post(request, "/v1/tokens", &params.finish(), true);
}
