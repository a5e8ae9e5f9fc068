//! The dashboard: data layer on one thread, screen on this one.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use tokio::sync::{mpsc, oneshot};

use crate::app::{self, Left, Start, Tab};
use crate::aws::{self, Handle};
use crate::model::{Arn, Origin, Polled};
use crate::store::Store;
use crate::trail::catalogue;
use crate::trail::ingest::{Feed, Keep};
use crate::wire::demo::{Demo, DemoOptions, Story};
use crate::wire::{Clock, Wire};

use super::{Cli, Failure, Output, looks, settings};

/// Messages in flight between data layer and screen.
const QUEUE: usize = 4_096;
/// How long pollers may take to end after the screen has.
const FAREWELL: Duration = Duration::from_millis(300);
/// More than any event that a pager sends.
const LONGEST: u64 = 4 << 20;

/// Runs it until the user leaves, and the demo after it where somebody who has no credentials asks for that.
pub(super) fn run(cli: &Cli, thing: Option<&str>) -> Result<ExitCode, Failure> {
    let mut left = show(cli, thing)?;
    if left == Left::ForDemo {
        let mut demo =
            Cli::try_parse_from(["dynakeep", "--demo"]).map_err(|error| Failure::Usage(error.to_string()))?;
        let looks = &cli.global;
        demo.global.config.clone_from(&looks.config);
        demo.global.theme.clone_from(&looks.theme);
        demo.global.keys.clone_from(&looks.keys);
        (demo.global.no_color, demo.global.ascii) = (looks.no_color, looks.ascii);
        demo.global.no_mouse = looks.no_mouse;
        demo.global.plain = looks.plain;
        left = show(&demo, None)?;
    }
    Ok(if let Left::Ended(code) = left { ExitCode::from(code) } else { ExitCode::SUCCESS })
}

fn show(cli: &Cli, thing: Option<&str>) -> Result<Left, Failure> {
    let global = &cli.global;
    let config = super::config(global)?;
    let theme = looks::theme(global, &config)?;
    let keys = looks::keymap(global)?;
    let mut view = global.view.as_deref().map(tab).transpose()?;
    let mut filter = global.filter.clone();
    if global.output != Output::Table {
        return Err(Failure::Usage("-o: the dashboard is no file; `check` and the lists of rows are".to_owned()));
    }
    // What standard input holds is told once it is read.
    thing.filter(|thing| *thing != "-").map(known).transpose()?;
    if global.plain && thing == Some("-") {
        return Err(Failure::Usage("open -: standard input holds commands where --plain is given".to_owned()));
    }
    if !io::stdout().is_terminal() && !global.plain {
        return Err(Failure::Usage("the dashboard needs a terminal; for scripts there is `dynakeep check`".to_owned()));
    }
    let mut open = thing.map(read_thing).transpose()?;
    if open.as_deref().map(known).transpose()? == Some(Known::Name) {
        // No table is known before it was read: the list of tables, kept to the name, shows it once it is.
        let name = open.take().unwrap_or_default();
        (view, filter) = (Some(Tab::Tables), Some(format!("name:{}", name.trim())));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let settings = settings(global, &config);
    if global.demo.is_none() && global.files().is_empty() {
        super::profiles::known(&settings)?;
    }
    let Wired { clock, origin, make } = wired(cli, runtime.handle().clone())?;
    if global.objects().is_some() {
        return Err(Failure::Usage(
            "--trail s3://…: `dynakeep events` reads objects; the dashboard reads files".to_owned(),
        ));
    }
    let files = !global.files().is_empty();
    // Files alone need no account; with one named, or the demo's, they stand beside what it says.
    let alone = files && global.demo.is_none() && global.profiles.is_empty() && global.regions.is_empty();
    let origin = if alone { Origin::Files } else { origin };
    let mut store = Store::new(origin, config.baseline());
    store.set_exceptions(super::exceptions(global));
    let mut start = Start::new(store, theme, clock);
    start.feed = files.then(|| Feed::start(super::files::options(cli, Keep::Packed), global.max_memory));
    if alone {
        view = view.or(Some(Tab::Trail));
    }
    start.ascii = global.ascii || config.ascii.unwrap_or_else(|| !looks::unicode());
    start.no_mouse = global.no_mouse || config.mouse == Some(false);
    start.reports = super::state(global).map_or_else(std::env::temp_dir, |state| state.directory().to_owned());
    start.view = view;
    start.filter = filter;
    start.open = open;
    start.keys = keys;
    start.themes = looks::wardrobe(global);
    start.accepted = super::baseline::watched(global);
    start.state = super::state(global);
    start.endpoint.clone_from(&settings.endpoint);
    start.quiet = config.quiet;
    start.user = super::user().unwrap_or_else(|| "somebody without a name".to_owned());
    // Nobody waits for its end: the first who asks would.
    let _read = std::thread::spawn(catalogue::warm);
    let (handle, listen) = Handle::pair();
    let (to, from) = mpsc::channel(QUEUE);
    if alone {
        // Nobody polls: the queue stays open, and empty.
        let ended = runtime.block_on(talked(global.plain, start, handle, from)).map_err(Failure::from);
        drop((to, listen));
        return ended;
    }
    let running = aws::spawn_with(make, settings, listen, to);
    let ended = runtime.block_on(async {
        let joined = tokio::task::spawn_blocking(move || running.join());
        // A data layer that could not start says why at once; one that ended well leaves the screen as it is.
        let refused = async {
            match joined.await {
                Ok(Ok(Err(error))) => error,
                _ => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            ended = talked(global.plain, start, handle.clone(), from) => ended.map_err(Failure::from),
            error = refused => Err(Failure::from(error)),
        };
        let (done, stopped) = oneshot::channel();
        handle.send(aws::Command::Stop(done));
        let _late = tokio::time::timeout(FAREWELL, stopped).await;
        ended
    });
    // A poller that hangs in a call is left behind: it only reads.
    runtime.shutdown_background();
    ended
}

/// The wire of a dashboard: what its first frame needs of it, and the rest, made on the thread that uses it.
struct Wired {
    clock: Clock,
    origin: Origin,
    make: Box<dyn FnOnce() -> Wire + Send>,
}

fn wired(cli: &Cli, wall: tokio::runtime::Handle) -> Result<Wired, Failure> {
    let Some(sizes) = cli.global.demo else {
        let wire = crate::wire::live::live()?;
        return Ok(Wired { clock: wire.clock.clone(), origin: wire.origin, make: Box::new(move || wire) });
    };
    let options = DemoOptions { start: Story::AfterFirstCritical, ..sizes.options(cli.global.demo_seed) };
    let clock = Demo::clock(options.start, Some(wall));
    let make = Box::new({
        let clock = clock.clone();
        move || Demo::at(options, clock).wire()
    });
    Ok(Wired { clock, origin: Origin::Demo, make })
}

/// The screen, or words in its place.
async fn talked(plain: bool, start: Start, handle: Handle, from: mpsc::Receiver<Polled>) -> io::Result<Left> {
    if plain { super::plain::run(start, handle, from).await } else { app::run(start, handle, from).await }
}

fn tab(name: &str) -> Result<Tab, Failure> {
    Tab::named(name).ok_or_else(|| {
        let names = Tab::ALL.map(|tab| tab.name().to_lowercase()).join(", ");
        Failure::Usage(format!("--view {name}: there are {names}"))
    })
}

/// How a thing to open is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// By what says its kind: an ARN, an id, an address of the console, JSON.
    Kind,
    /// By what can only be a table's name.
    Name,
}

/// What a text could name, told before the dashboard starts.
fn known(thing: &str) -> Result<Known, Failure> {
    let thing = thing.trim();
    let refuse = |why: &str| Err(Failure::Usage(format!("open: {why}")));
    // An id of an event or a finding: parts of an address are looked at alike.
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let finding = |part: &str| part.len() == 32 && hex(part);
    let event = |part: &str| part.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && part.split('-').all(hex);
    if finding(thing) || event(thing) || thing.starts_with("AKIA") || thing.starts_with("ASIA") {
        return Ok(Known::Kind);
    }
    if thing.starts_with('{') {
        return match serde_json::from_str::<serde_json::Value>(thing) {
            Ok(_) => Ok(Known::Kind),
            Err(error) => refuse(&format!("this starts like JSON and is none: {error}")),
        };
    }
    if thing.starts_with("https://") {
        let mut parts = thing.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let found = parts.any(|part| finding(part) || event(part));
        return if found { Ok(Known::Kind) } else { refuse("no id of a finding or an event stands in this address") };
    }
    if thing.starts_with("arn:") {
        let arn = Arn::parse(thing);
        let opens = arn.is_some_and(|arn| match arn.service.as_str() {
            "dynamodb" => arn.table_name().is_some(),
            "guardduty" => arn.resource.contains("/finding/"),
            "cloudformation" => true,
            _ => false,
        });
        return if opens { Ok(Known::Kind) } else { refuse("the ARN of a finding, a table or a stack is wanted") };
    }
    // Source: DynamoDB's naming rules.
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (3..=255).contains(&thing.len()) && thing.bytes().all(named) {
        return Ok(Known::Name);
    }
    refuse("this is no ARN, id, console URL or JSON of a finding or an event, and no table's name")
}

/// What to open; `-` stands for standard input.
fn read_thing(thing: &str) -> Result<String, Failure> {
    if thing != "-" {
        return Ok(thing.to_owned());
    }
    let mut text = String::new();
    io::stdin().lock().take(LONGEST).read_to_string(&mut text)?;
    if text.trim().is_empty() {
        return Err(Failure::Usage("open -: standard input is empty".to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_nothing_is_refused_before_the_screen() {
        for (thing, wanted) in [
            ("orders", Known::Name),
            ("0123456789abcdef0123456789abcdef", Known::Kind),
            ("12345678-aaaa-bbbb-cccc-1234567890ab", Known::Kind),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/orders", Known::Kind),
            ("{\"detail\": {\"id\": \"x\"}}", Known::Kind),
        ] {
            assert_eq!(known(thing).unwrap(), wanted, "{thing}");
        }
        for thing in ["", "no such thing!", "{x", "https://example.com/", "arn:aws:s3:::bucket", "ab"] {
            assert_eq!(known(thing).unwrap_err().code(), 2, "{thing}");
        }
    }
}
