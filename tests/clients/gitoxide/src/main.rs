//! Drives gitoxide, which does not push yet: version | clone URL FOLDER [DEPTH] | fetch FOLDER.
use std::{env, error::Error, num::NonZeroU32, sync::atomic::AtomicBool};

use gix::{progress::Discard, remote::Direction, remote::fetch::Shallow};

/// That of `gix` in Cargo.toml; a crate does not know the versions of those that it uses.
const VERSION: &str = "gix 0.90.0";

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["version"] => println!("{VERSION}"),
        ["clone", url, folder] => clone(url, folder, Shallow::NoChange)?,
        ["clone", url, folder, depth] => clone(url, folder, Shallow::DepthAtRemote(depth.parse::<NonZeroU32>()?))?,
        ["fetch", folder] => fetch(folder)?,
        _ => return Err("version | clone URL FOLDER [DEPTH] | fetch FOLDER".into()),
    }
    Ok(())
}

fn clone(url: &str, folder: &str, shallow: Shallow) -> Outcome {
    let interrupted = AtomicBool::new(false);
    let mut fetch = gix::prepare_clone(url, folder)?.with_shallow(shallow);
    let (mut checkout, _) = fetch.fetch_then_checkout(Discard, &interrupted)?;
    checkout.main_worktree(Discard, &interrupted)?;
    Ok(())
}

fn fetch(folder: &str) -> Outcome {
    let repository = gix::open(folder)?;
    let remote = repository.find_remote("origin")?;
    let connection = remote.connect(Direction::Fetch)?;
    connection.prepare_fetch(Discard, Default::default())?.receive(Discard, &AtomicBool::new(false))?;
    Ok(())
}
