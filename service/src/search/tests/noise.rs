//! Every text is either accepted or refused, and quickly.

use std::time::{Duration, Instant};

use super::{NODE_POOLS, parse};
use crate::dialect::Dialect;
use crate::search::condition;
use crate::search::scan::Scan;

/// A pseudo-random number generator (SplitMix64). The same seed gives the same texts.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// The parts of grammar-like noise. Most combinations are refused late; some are accepted.
const PIECES: [&str; 48] = [
    "name",
    "id",
    "generation",
    "created_time",
    "labels.a/b-c",
    "spec.a.b",
    "status.phase",
    "href",
    "kind",
    "status.conditions.Reconciled",
    "status.conditions.A.last_updated_time",
    "deleted_time",
    "owner_id",
    "nope",
    "=",
    "==",
    "!=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "not",
    "like",
    "ilike",
    "between",
    "and",
    "or",
    "is",
    "null",
    "(",
    ")",
    "[",
    "]",
    ",",
    "'a'",
    "'True'",
    "\"b\"",
    "'2026-11-22T20:10:00.1234567Z'",
    "5",
    "-1.5e3",
    "true",
    "'a\\\\'",
    "'\\",
    "'",
    "ü",
    "99999999999999999999",
];

fn bytes(random: &mut Random) -> String {
    let length = random.below(60);
    let bytes: Vec<u8> =
        (0..length).map(|_| random.next() as u8 & if random.0 & 1 == 0 { 0x7f } else { 0xff }).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn soup(random: &mut Random) -> String {
    let pieces = 1 + random.below(14);
    let blank = if random.below(8) == 0 { "" } else { " " };
    let pieces: Vec<&str> = (0..pieces).map(|_| PIECES[random.below(PIECES.len())]).collect();
    pieces.join(blank)
}

/// Joins fields, operators and literals that often fit together.
fn sentence(random: &mut Random) -> String {
    let mut pick = |from: usize, to: usize| PIECES[from + random.below(to - from)];
    let comparisons: Vec<String> =
        (0..2).map(|_| format!("{} {} {}", pick(0, 14), pick(14, 22), pick(36, 44))).collect();
    comparisons.join(if random.below(2) == 0 { " and not " } else { ") or (" })
}

#[test]
fn no_text_makes_it_panic() {
    let texts = std::env::var("HYPERFLEET_TEST_TEXTS").ok().and_then(|texts| texts.parse().ok());
    let mut random = Random(20261122);
    let (mut understood, mut slowest) = (0, Duration::ZERO);
    for round in 0..texts.unwrap_or(240_000) {
        let text = match round % 3 {
            0 => bytes(&mut random),
            1 => soup(&mut random),
            _ => sentence(&mut random),
        };
        let started = Instant::now();
        let read = parse(&text);
        slowest = slowest.max(started.elapsed());
        match read {
            Ok(filter) => {
                understood += 1;
                for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                    let _ = condition(&filter, NODE_POOLS, dialect, Scan::default());
                }
            }
            Err(error) => {
                assert!((1..=text.chars().count() + 1).contains(&error.character), "{text}: {error}");
            }
        }
    }
    println!("{understood} texts understood, the slowest read in {slowest:?}");
    assert!(understood > 1000, "only {understood} texts were understood: the noise is too wild to test much");
}

#[test]
fn the_longest_texts_are_read_at_once() {
    let fill = |start: &str, piece: &str| {
        let count = (4096 - start.len()) / piece.len();
        format!("{start}{}", piece.repeat(count))
    };
    let texts = [
        fill("", "("),
        fill("", "not "),
        fill("generation in (1", ",1"),
        fill("name='a'", " or name='a'"),
        fill("name = '", "''"),
        fill("name = '", "\\"),
        fill("spec", ".a"),
        fill("labels.", "a/"),
        fill("name like '", "%a"),
        fill("generation = 1", "0"),
        fill("", "="),
        fill("", "ü"),
    ];
    // The goal is 1 ms in an optimized build. A debug build on a busy machine gets a generous multiple.
    for text in texts {
        let best = (0..5).map(|_| timed(&text)).min().expect("five rounds");
        assert!(best < Duration::from_millis(20), "{best:?} for {}…", &text[..20]);
    }
}

fn timed(text: &str) -> Duration {
    let start = Instant::now();
    let _ = std::hint::black_box(parse(text));
    start.elapsed()
}
