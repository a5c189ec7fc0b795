// Plays Telegram at full speed: posts updates to a webhook and answers the bot's own calls, so that
// one process sees both ends of every message. Standard library only, to cost the bot little CPU.
//
//   telegram_load --api 8081 --hook 127.0.0.1:8080/hooks/telegram --secret s \
//                 --connections 32 --chats 200 --warm 500 --total 6000 --text "echo" --patience 30 [--rate 0] [--behind 0]
//                 [--first 1000]
//
// Update ids begin behind `--behind`, for a bot that has met those before.
// Update n carries the text "<text> mark-n-mark". A sendMessage that holds the mark is its reply.
// A chat belongs to one connection, which posts its updates in order and waits for each answer. With a rate,
// each measured update has its moment, so many a second, and is late from then on, even where it was not posted yet.
// Prints one JSON object: rates per second, latencies in milliseconds, what was lost, doubled,
// reordered within a chat, or refused.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

struct Plan {
    hook: String,
    path: String,
    secret: String,
    text: String,
    connections: usize,
    chats: usize,
    warm: usize,
    total: usize,
    rate: u64,
    behind: usize,
    first: usize,
    patience: Duration,
}

/// Nanoseconds since the start for each update; zero means "not yet".
struct Board {
    start: Instant,
    posted: Vec<AtomicU64>,
    acked: Vec<AtomicU64>,
    replied: Vec<AtomicU64>,
    newest_reply: Vec<AtomicUsize>,
    replies: AtomicUsize,
    doubled: AtomicUsize,
    reordered: AtomicUsize,
    refused: AtomicUsize,
    other: AtomicUsize,
}

impl Board {
    fn new(updates: usize, chats: usize) -> Board {
        let zeros = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        Board {
            start: Instant::now(),
            posted: zeros(updates),
            acked: zeros(updates),
            replied: zeros(updates),
            newest_reply: (0..chats).map(|_| AtomicUsize::new(0)).collect(),
            replies: AtomicUsize::new(0),
            doubled: AtomicUsize::new(0),
            reordered: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            other: AtomicUsize::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn reply(&self, body: &[u8]) {
        let known = marked(body).filter(|&n| n < self.replied.len());
        let Some(n) = known else {
            self.other.fetch_add(1, Relaxed);
            return;
        };
        if self.replied[n].swap(self.now(), Relaxed) != 0 {
            self.doubled.fetch_add(1, Relaxed);
            return;
        }
        let chat = n % self.newest_reply.len();
        if self.newest_reply[chat].fetch_max(n + 1, Relaxed) > n + 1 {
            self.reordered.fetch_add(1, Relaxed);
        }
        self.replies.fetch_add(1, Relaxed);
    }
}

/// The number n of "mark-n-mark" in a body.
fn marked(body: &[u8]) -> Option<usize> {
    let open = b"mark-";
    let at = body.windows(open.len()).position(|part| part == open)? + open.len();
    let digits = body[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !body[at + digits..].starts_with(b"-mark") {
        return None;
    }
    std::str::from_utf8(&body[at..at + digits]).ok()?.parse().ok()
}

/// One HTTP message: its first line, and its body into `body`. None at the end of the stream.
fn read_message(from: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Option<String> {
    let mut first = String::new();
    if from.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let (mut length, mut chunked, mut line) = (0, false, String::new());
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
    }
    body.clear();
    while chunked {
        line.clear();
        from.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        let before = body.len();
        body.resize(before + size, 0);
        from.read_exact(&mut body[before..]).ok()?;
        line.clear();
        from.read_line(&mut line).ok()?;
        if size == 0 {
            return Some(first);
        }
    }
    body.resize(length, 0);
    from.read_exact(body).ok()?;
    Some(first)
}

const ME: &str = r#"{"ok":true,"result":{"id":42,"is_bot":true,"first_name":"Bench","username":"bench_bot","can_join_groups":true,"can_read_all_group_messages":false,"supports_inline_queries":false}}"#;

fn answer_bot(stream: TcpStream, board: Arc<Board>) {
    stream.set_nodelay(true).ok();
    let mut out = stream.try_clone().expect("clone of a socket");
    let (mut from, mut body, mut messages) = (BufReader::with_capacity(1 << 16, stream), Vec::new(), 0);
    while let Some(first) = read_message(&mut from, &mut body) {
        let target = first.split(' ').nth(1).unwrap_or("");
        let method = target.split('?').next().unwrap_or("").rsplit('/').next().unwrap_or("");
        let answer = match method {
            "getMe" => ME.to_string(),
            "getUpdates" => {
                thread::sleep(Duration::from_millis(500));
                r#"{"ok":true,"result":[]}"#.to_string()
            }
            "sendMessage" => {
                board.reply(if body.is_empty() { target.as_bytes() } else { &body });
                messages += 1;
                format!(r#"{{"ok":true,"result":{{"message_id":{messages},"date":1760000000,"chat":{{"id":1,"type":"private"}},"text":"-"}}}}"#)
            }
            _ => r#"{"ok":true,"result":true}"#.to_string(),
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", answer.len());
        if out.write_all((head + &answer).as_bytes()).is_err() {
            return;
        }
    }
}

/// The moment of an update; with a rate, once it has come.
fn moment(board: &Board, rate: u64, begun: u64, place: usize) -> u64 {
    if rate == 0 {
        return board.now();
    }
    let due = begun + place as u64 * 1_000_000_000 / rate;
    thread::sleep(Duration::from_nanos(due.saturating_sub(board.now())));
    due
}

/// Posts every update from `first` up to `last` whose chat is on connection `mine`.
fn post(plan: &Plan, board: &Board, mine: usize, first: usize, last: usize, rate: u64, begun: u64) {
    let stream = TcpStream::connect(&plan.hook).expect("the bot went away");
    stream.set_nodelay(true).ok();
    stream.set_read_timeout(Some(plan.patience)).ok();
    let mut out = stream.try_clone().expect("clone of a socket");
    let (mut from, mut body) = (BufReader::new(stream), Vec::new());
    for n in (first..last).filter(|n| n % plan.chats % plan.connections == mine) {
        let (id, chat) = (plan.behind + n + 1, n % plan.chats + plan.first);
        let update = format!(
            concat!(
                r#"{{"update_id":{id},"message":{{"message_id":{id},"date":1760000000,"#,
                r#""chat":{{"id":{chat},"type":"private","first_name":"User{chat}"}},"#,
                r#""from":{{"id":{chat},"is_bot":false,"first_name":"User{chat}","language_code":"en"}},"#,
                r#""text":"{text} mark-{n}-mark"}}}}"#
            ),
            id = id,
            chat = chat,
            text = plan.text,
            n = n
        );
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: {}\r\nContent-Length: {}\r\n\r\n{}",
            plan.path, plan.hook, plan.secret, update.len(), update
        );
        board.posted[n].store(moment(board, rate, begun, n - first), Relaxed);
        let answer = out.write_all(request.as_bytes()).ok().and_then(|()| read_message(&mut from, &mut body));
        match answer {
            Some(first) if first.contains(" 200") => board.acked[n].store(board.now(), Relaxed),
            Some(_) => {
                board.refused.fetch_add(1, Relaxed);
            }
            None => {
                board.refused.fetch_add(1, Relaxed);
                return;
            }
        }
    }
}

/// Posts a range over all connections, then waits until all are answered or nothing comes any more.
fn run(plan: &Arc<Plan>, board: &Arc<Board>, first: usize, last: usize, rate: u64) {
    let begun = board.now();
    let posters: Vec<_> = (0..plan.connections)
        .map(|mine| {
            let (plan, board) = (plan.clone(), board.clone());
            thread::spawn(move || post(&plan, &board, mine, first, last, rate, begun))
        })
        .collect();
    posters.into_iter().for_each(|poster| poster.join().expect("a poster"));
    let (mut seen, mut since) = (0, Instant::now());
    while board.replies.load(Relaxed) < last && since.elapsed() < plan.patience {
        if seen != board.replies.load(Relaxed) {
            seen = board.replies.load(Relaxed);
            since = Instant::now();
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for_bot(plan: &Plan) {
    let begun = Instant::now();
    while TcpStream::connect(&plan.hook).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no bot at {}", plan.hook);
        thread::sleep(Duration::from_millis(50));
    }
}

fn milliseconds(from: &[AtomicU64], to: &[AtomicU64]) -> Vec<f64> {
    let mut took: Vec<f64> = from
        .iter()
        .zip(to)
        .filter(|(_, to)| to.load(Relaxed) > 0)
        .map(|(from, to)| to.load(Relaxed).saturating_sub(from.load(Relaxed)) as f64 / 1e6)
        .collect();
    took.sort_by(f64::total_cmp);
    took
}

fn at(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() { -1.0 } else { sorted[((sorted.len() - 1) as f64 * share) as usize] }
}

fn per_second(count: usize, begun: u64, to: &[AtomicU64]) -> f64 {
    let ended = to.iter().map(|time| time.load(Relaxed)).max().unwrap_or(0);
    if ended > begun { count as f64 / ((ended - begun) as f64 / 1e9) } else { 0.0 }
}

fn report(plan: &Plan, board: &Board) {
    let w = plan.warm;
    let begun = board.posted[w..].iter().map(|t| t.load(Relaxed)).filter(|&t| t > 0).min().unwrap_or(0);
    let acks = milliseconds(&board.posted[w..], &board.acked[w..]);
    let replies = milliseconds(&board.posted[w..], &board.replied[w..]);
    let acknowledged_and_unanswered = (0..board.posted.len())
        .filter(|&n| board.acked[n].load(Relaxed) > 0 && board.replied[n].load(Relaxed) == 0)
        .count();
    println!(
        concat!(
            r#"{{"total": {}, "acked": {}, "replied": {}, "acks_per_s": {:.0}, "replies_per_s": {:.0}, "#,
            r#""ack_p50_ms": {:.2}, "ack_p99_ms": {:.2}, "reply_p50_ms": {:.2}, "reply_p99_ms": {:.2}, "#,
            r#""lost": {}, "doubled": {}, "reordered": {}, "refused": {}, "other": {}}}"#
        ),
        plan.total,
        acks.len(),
        replies.len(),
        per_second(acks.len(), begun, &board.acked[w..]),
        per_second(replies.len(), begun, &board.replied[w..]),
        at(&acks, 0.5),
        at(&acks, 0.99),
        at(&replies, 0.5),
        at(&replies, 0.99),
        acknowledged_and_unanswered,
        board.doubled.load(Relaxed),
        board.reordered.load(Relaxed),
        board.refused.load(Relaxed),
        board.other.load(Relaxed),
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let given: HashMap<&str, &str> = words.chunks(2).map(|pair| (pair[0].trim_start_matches('-'), pair[1].as_str())).collect();
    let number = |name: &str| given[name].parse::<usize>().expect("a number");
    let (hook, path) = given["hook"].split_once('/').expect("--hook HOST:PORT/PATH");
    let plan = Arc::new(Plan {
        hook: hook.to_string(),
        path: format!("/{path}"),
        secret: given["secret"].to_string(),
        text: given["text"].to_string(),
        connections: number("connections"),
        chats: number("chats"),
        warm: number("warm"),
        total: number("total"),
        rate: given.get("rate").map_or(0, |rate| rate.parse().expect("a number")),
        behind: given.get("behind").map_or(0, |behind| behind.parse().expect("a number")),
        first: given.get("first").map_or(1000, |first| first.parse().expect("a number")),
        patience: Duration::from_secs(number("patience") as u64),
    });
    let board = Arc::new(Board::new(plan.warm + plan.total, plan.chats));
    let listener = TcpListener::bind(("127.0.0.1", number("api") as u16)).expect("the API port is taken");
    let shared = board.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let board = shared.clone();
            thread::spawn(move || answer_bot(stream, board));
        }
    });
    wait_for_bot(&plan);
    run(&plan, &board, 0, plan.warm, 0);
    run(&plan, &board, plan.warm, plan.warm + plan.total, plan.rate);
    thread::sleep(Duration::from_millis(300)); // late doubles
    report(&plan, &board);
}
