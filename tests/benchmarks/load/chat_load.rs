// Plays many visitors of the web chat: Socket.IO (Engine.IO 4) over plain WebSockets. Standard library only, to cost the
// server little CPU.
//
//   chat_load --address 127.0.0.1:8080 --sockets 64 --warm 500 --total 6000 --rate 200 --patience 15 --sign "You said: "
//
// Message n carries the text "echo mark-n-mark"; an event "message" with the words of --sign and the mark is its reply. With --rate the
// messages are sent when they are due (open loop: latency counts from then, so a stall is not forgiven); with --rate 0 each
// socket sends as soon as its last message is acknowledged (closed loop). Prints one JSON object: rates a second, latencies in
// milliseconds, and what was lost, doubled, reordered within a socket, or refused.

use std::collections::HashMap;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const NAMESPACE: &str = "/chat";

struct Plan {
    address: String,
    sockets: usize,
    warm: usize,
    total: usize,
    rate: usize,
    patience: Duration,
    sign: String,
}

/// Nanoseconds since the start for each message; zero means "not yet".
struct Board {
    start: Instant,
    due: Vec<AtomicU64>,
    acked: Vec<AtomicU64>,
    replied: Vec<AtomicU64>,
    newest_reply: Vec<AtomicUsize>,
    replies: AtomicUsize,
    doubled: AtomicUsize,
    reordered: AtomicUsize,
    refused: AtomicUsize,
    ended: AtomicBool,
}

impl Board {
    fn new(messages: usize, sockets: usize) -> Board {
        let zeros = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        Board {
            start: Instant::now(),
            due: zeros(messages),
            acked: zeros(messages),
            replied: zeros(messages),
            newest_reply: (0..sockets).map(|_| AtomicUsize::new(0)).collect(),
            replies: AtomicUsize::new(0),
            doubled: AtomicUsize::new(0),
            reordered: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn reply(&self, n: usize) {
        if self.replied[n].swap(self.now(), Relaxed) != 0 {
            self.doubled.fetch_add(1, Relaxed);
            return;
        }
        let socket = n % self.newest_reply.len();
        if self.newest_reply[socket].fetch_max(n + 1, Relaxed) > n + 1 {
            self.reordered.fetch_add(1, Relaxed);
        }
        self.replies.fetch_add(1, Relaxed);
    }
}

/// One WebSocket that speaks text.
struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Socket {
    /// Connected to the namespace as a new visitor.
    fn open(address: &str) -> Result<Socket> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut socket = Socket { stream, buffer: Vec::new() };
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: cGFybGV5LWNoYXQtbG9hZA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        socket.stream.write_all(request.as_bytes())?;
        socket.skip_head()?;
        socket.until("0")?;
        socket.send(&format!("40{NAMESPACE},{{}}"))?;
        socket.until("40")?;
        Ok(socket)
    }

    fn skip_head(&mut self) -> Result<()> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let accepted = self.buffer.starts_with(b"HTTP/1.1 101");
                self.buffer.drain(..end + 4);
                return if accepted { Ok(()) } else { Err(Error::new(ErrorKind::Other, "no WebSocket")) };
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<()> {
        let mut piece = [0; 1 << 16];
        match self.stream.read(&mut piece)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            n => Ok(self.buffer.extend_from_slice(&piece[..n])),
        }
    }

    fn until(&mut self, start: &str) -> Result<String> {
        loop {
            let text = self.receive()?;
            if text.starts_with(start) {
                return Ok(text);
            }
        }
    }

    /// The next text; pings are answered.
    fn receive(&mut self) -> Result<String> {
        loop {
            match self.frame()? {
                Some(text) if text == "2" => self.send("3")?,
                Some(text) => return Ok(text),
                None => self.fill()?,
            }
        }
    }

    fn frame(&mut self) -> Result<Option<String>> {
        let bytes = &self.buffer;
        if bytes.len() < 2 {
            return Ok(None);
        }
        let (skip, length) = match bytes[1] & 127 {
            126 if bytes.len() >= 4 => (4, u16::from_be_bytes([bytes[2], bytes[3]]) as usize),
            127 if bytes.len() >= 10 => (10, u64::from_be_bytes(bytes[2..10].try_into().expect("eight bytes")) as usize),
            126 | 127 => return Ok(None),
            short => (2, short as usize),
        };
        if bytes.len() < skip + length {
            return Ok(None);
        }
        if bytes[0] & 15 == 8 {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        let text = String::from_utf8_lossy(&bytes[skip..skip + length]).into_owned();
        self.buffer.drain(..skip + length);
        Ok(Some(text))
    }

    /// Masked with zeros, which is a mask.
    fn send(&mut self, text: &str) -> Result<()> {
        let mut frame = vec![0x81];
        match text.len() {
            length if length < 126 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame)
    }
}

/// The digits of `text` from its start.
fn number(text: &str) -> Option<usize> {
    text[..text.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
}

/// Notes what the server says, until the connection or the run ends; `acks` hears of every acknowledgement.
fn listen(mut socket: Socket, sign: &str, board: &Board, acks: &Sender<()>) {
    let (ack, event) = (format!("43{NAMESPACE},"), format!("42{NAMESPACE},[\"message\""));
    while let Ok(text) = socket.receive() {
        if let Some(n) = text.strip_prefix(&ack).and_then(number) {
            if text.contains("\"ok\":false") {
                board.refused.fetch_add(1, Relaxed);
            } else {
                board.acked[n].store(board.now(), Relaxed);
            }
            acks.send(()).ok();
        } else if text.starts_with(&event) && text.contains(sign) {
            if let Some(n) = text.split("mark-").nth(1).and_then(number) {
                board.reply(n);
            }
        }
    }
    if !board.ended.load(Relaxed) {
        eprintln!("a connection ended early");
    }
}

/// Sends the messages of socket `mine` from `first` up to `last`.
fn speak(socket: &mut Socket, plan: &Plan, board: &Board, acks: &Receiver<()>, mine: usize, first: usize, last: usize, begin: u64) {
    let paced = plan.rate > 0;
    for n in (first..last).filter(|n| n % plan.sockets == mine) {
        let due = if paced { begin + (n - first) as u64 * 1_000_000_000 / plan.rate as u64 } else { board.now() };
        if let Some(early) = due.checked_sub(board.now()) {
            thread::sleep(Duration::from_nanos(early));
        }
        board.due[n].store(due, Relaxed);
        let text = format!("42{NAMESPACE},{n}[\"message\",{{\"id\":\"load-{n}\",\"text\":\"echo mark-{n}-mark\"}}]");
        if socket.send(&text).is_err() {
            board.refused.fetch_add(1, Relaxed);
            return;
        }
        if !paced && acks.recv_timeout(plan.patience).is_err() {
            return;
        }
    }
}

/// Sends a range over all sockets, then waits until all are answered or nothing comes any more.
fn run(plan: &Plan, board: &Board, sockets: &mut [(Socket, Receiver<()>)], first: usize, last: usize) {
    let begin = board.now() + 100_000_000;
    thread::scope(|scope| {
        for (mine, (socket, acks)) in sockets.iter_mut().enumerate() {
            scope.spawn(move || speak(socket, plan, board, acks, mine, first, last, begin));
        }
    });
    let (mut seen, mut since) = (0, Instant::now());
    while board.replies.load(Relaxed) < last && since.elapsed() < plan.patience {
        if seen != board.replies.load(Relaxed) {
            seen = board.replies.load(Relaxed);
            since = Instant::now();
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for_server(plan: &Plan) {
    let begun = Instant::now();
    while TcpStream::connect(&plan.address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no server at {}", plan.address);
        thread::sleep(Duration::from_millis(50));
    }
}

fn milliseconds(from: &[AtomicU64], to: &[AtomicU64]) -> Vec<f64> {
    let both = from.iter().zip(to).map(|(from, to)| (from.load(Relaxed), to.load(Relaxed)));
    let mut took: Vec<f64> = both.filter(|&(_, to)| to > 0).map(|(from, to)| to.saturating_sub(from) as f64 / 1e6).collect();
    took.sort_by(f64::total_cmp);
    took
}

fn at(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() { -1.0 } else { sorted[((sorted.len() - 1) as f64 * share) as usize] }
}

fn per_second(from: &[AtomicU64], to: &[AtomicU64]) -> f64 {
    let times = |of: &[AtomicU64]| of.iter().map(|t| t.load(Relaxed)).filter(|&t| t > 0).collect::<Vec<_>>();
    let (starts, ends) = (times(from), times(to));
    match (starts.iter().min(), ends.iter().max()) {
        (Some(start), Some(end)) if end > start => ends.len() as f64 / ((end - start) as f64 / 1e9),
        _ => 0.0,
    }
}

fn report(plan: &Plan, board: &Board) {
    let w = plan.warm;
    let acks = milliseconds(&board.due[w..], &board.acked[w..]);
    let replies = milliseconds(&board.due[w..], &board.replied[w..]);
    let lost = (0..board.due.len()).filter(|&n| board.acked[n].load(Relaxed) > 0 && board.replied[n].load(Relaxed) == 0);
    println!(
        concat!(
            r#"{{"total": {}, "acked": {}, "replied": {}, "acks_per_s": {:.0}, "replies_per_s": {:.0}, "#,
            r#""ack_p50_ms": {:.2}, "ack_p99_ms": {:.2}, "ack_max_ms": {:.2}, "reply_p50_ms": {:.2}, "reply_p99_ms": {:.2}, "#,
            r#""lost": {}, "doubled": {}, "reordered": {}, "refused": {}}}"#
        ),
        plan.total,
        acks.len(),
        replies.len(),
        per_second(&board.due[w..], &board.acked[w..]),
        per_second(&board.due[w..], &board.replied[w..]),
        at(&acks, 0.5),
        at(&acks, 0.99),
        at(&acks, 1.0),
        at(&replies, 0.5),
        at(&replies, 0.99),
        lost.count(),
        board.doubled.load(Relaxed),
        board.reordered.load(Relaxed),
        board.refused.load(Relaxed),
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let given: HashMap<&str, &str> = words.chunks(2).map(|pair| (pair[0].trim_start_matches('-'), pair[1].as_str())).collect();
    let number = |name: &str| given[name].parse::<usize>().expect("a number");
    let plan = Plan {
        address: given["address"].to_string(),
        sockets: number("sockets"),
        warm: number("warm"),
        total: number("total"),
        rate: number("rate"),
        patience: Duration::from_secs(number("patience") as u64),
        sign: given["sign"].to_string(),
    };
    let board = Arc::new(Board::new(plan.warm + plan.total, plan.sockets));
    wait_for_server(&plan);
    let mut sockets: Vec<(Socket, Receiver<()>)> = (0..plan.sockets)
        .map(|_| {
            let socket = Socket::open(&plan.address).expect("a connection to the chat");
            let writing = Socket { stream: socket.stream.try_clone().expect("clone of a socket"), buffer: Vec::new() };
            let ((tell, acks), board, sign) = (channel(), board.clone(), plan.sign.clone());
            thread::spawn(move || listen(socket, &sign, &board, &tell));
            (writing, acks)
        })
        .collect();
    run(&plan, &board, &mut sockets, 0, plan.warm);
    run(&plan, &board, &mut sockets, plan.warm, plan.warm + plan.total);
    thread::sleep(Duration::from_millis(300)); // late doubles
    board.ended.store(true, Relaxed);
    report(&plan, &board);
}
