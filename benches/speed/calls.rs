//! The other calls, by the processor time of the server, beside a token's creation.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use super::{
    Outcome,
    figures::Rounds,
    goals::{Bound::AtMost, Goals},
    load::{Load, Until},
    request::{TokenRequest, write_get, write_post},
    server::{Server, new_home, program},
};

const ROUNDS: usize = 3;
const CONNECTIONS: usize = 32;
/// How often each call is made in a round; each charge and each attach uses up a token of its own.
const CALLS: u64 = 4000;
const LISTS: u64 = 400;

/// Processor time in microseconds: a call, and for the list a byte of its answer beside that of a creation.
struct Round {
    creation: f64,
    charge: f64,
    attach: f64,
    retrieve: f64,
    list: f64,
    creation_a_byte: f64,
    list_a_byte: f64,
}

pub(super) fn measure(goals: &mut Goals) -> Outcome<()> {
    let home = new_home()?;
    let server = Server::start(&program(&[]), home.path())?;
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| round(&server)).collect::<Outcome<_>>()?;
    let of = |figure: fn(&Round) -> f64| Rounds::new(rounds.iter().map(figure).collect());
    println!("\n{:<31} {:>8} {:>16}", format!("{CONNECTIONS} connections, FULL"), "CPU us", "of the creation");
    let print = |name: &str, figure: fn(&Round) -> f64, ratio: &Rounds| {
        println!("{name:<31} {:>8.1} {:>16.2}", of(figure).median(), ratio.median());
    };
    let [charge, attach, retrieve] = [
        of(|round| round.charge / round.creation),
        of(|round| round.attach / round.creation),
        of(|round| round.retrieve / round.creation),
    ];
    let list = of(|round| round.list_a_byte / round.creation_a_byte);
    print("creation of a token", |round| round.creation, &Rounds::once(1.0));
    print("charge of a token", |round| round.charge, &charge);
    print("attach to a customer", |round| round.attach, &attach);
    print("retrieve a token", |round| round.retrieve, &retrieve);
    print("list of 100 charges", |round| round.list, &of(|round| round.list / round.creation));
    println!(
        "a byte of an answer: {:.4} us in a list, {:.4} us in a creation, ratio {list}",
        of(|round| round.list_a_byte).median(),
        of(|round| round.creation_a_byte).median()
    );
    goals.add("processor time of a charge, of a creation's", charge, AtMost(2.5));
    goals.add("processor time of an attach, of a creation's", attach, AtMost(2.0));
    goals.add("processor time of a retrieve, of a creation's", retrieve, AtMost(0.5));
    goals.add("processor time a byte of a list of 100 charges, of a creation's", list, AtMost(1.2));
    Ok(())
}

fn round(server: &Server) -> Outcome<Round> {
    let (creation, tokens) = create(server, 3 * CALLS, &|_, request| TokenRequest::WITH_KEY.write(request))?;
    let (to_charge, rest) = tokens.split_at(CALLS as usize);
    let (to_attach, to_retrieve) = rest.split_at(CALLS as usize);
    let (_, customers) = create(server, CALLS, &|number, request| {
        write_post(request, "/v1/customers", &format!("email=customer{number}@example.com"), true);
    })?;
    let charge = cost(server, CALLS, &|number, request| {
        let source = &to_charge[number as usize];
        write_post(request, "/v1/charges", &format!("amount=2000&currency=usd&source={source}"), true);
    })?;
    let attach = cost(server, CALLS, &|number, request| {
        let (customer, source) = (&customers[number as usize], &to_attach[number as usize]);
        write_post(request, &format!("/v1/customers/{customer}/sources"), &format!("source={source}"), true);
    })?;
    let retrieve = cost(server, CALLS, &|number, request| {
        write_get(request, &format!("/v1/tokens/{}", to_retrieve[number as usize]));
    })?;
    let list = cost(server, LISTS, &|_, request| write_get(request, "/v1/charges?limit=100"))?;
    Ok(Round {
        creation: creation.processor_micros,
        charge: charge.processor_micros,
        attach: attach.processor_micros,
        retrieve: retrieve.processor_micros,
        list: list.processor_micros,
        creation_a_byte: creation.processor_micros / creation.answer_bytes,
        list_a_byte: list.processor_micros / list.answer_bytes,
    })
}

/// What a call cost, and how long its answer was.
struct Cost {
    processor_micros: f64,
    answer_bytes: f64,
}

type RequestWriter<'a> = &'a (dyn Fn(u64, &mut Vec<u8>) + Sync);

fn cost(server: &Server, calls: u64, request: RequestWriter<'_>) -> Outcome<Cost> {
    cost_and(server, calls, request, &|_| {})
}

/// Makes objects, and gives their ids.
fn create(server: &Server, calls: u64, request: RequestWriter<'_>) -> Outcome<(Cost, Vec<String>)> {
    let ids = Mutex::new(Vec::new());
    let cost = cost_and(server, calls, request, &|body| {
        let id = id_of(body).expect("an object that was made has an id");
        ids.lock().expect("no other client failed").push(id);
    })?;
    Ok((cost, ids.into_inner()?))
}

fn cost_and(server: &Server, calls: u64, request: RequestWriter<'_>, answer: &(dyn Fn(&[u8]) + Sync)) -> Outcome<Cost> {
    let bytes = AtomicU64::new(0);
    let load = Load {
        connections: CONNECTIONS,
        until: Until::Calls(calls),
        request,
        answer: &|_, body| {
            bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
            answer(body);
        },
    };
    let measured = load.measure(server)?;
    Ok(Cost { processor_micros: measured.processor_micros, answer_bytes: bytes.into_inner() as f64 / measured.answers })
}

fn id_of(body: &[u8]) -> Option<String> {
    let object: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(object.get("id")?.as_str()?.to_owned())
}
