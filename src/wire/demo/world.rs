//! The simulated estate: accounts, regions and what is in them, each thing a function of time.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::DemoOptions;
use super::access;
use super::cloudformation::{self, Stack};
use super::events::Everyday;
use super::findings::{self, Finding};
use super::incident::{self, Step};
use super::kit::{hex, mix, uuid};
use super::story;
use super::tables::{self, Table};
use crate::model::Scope;
use crate::policy::Document;

/// The production account of the story.
pub(super) const PROD: &str = "111122223333";
/// The second account.
pub(super) const DATA: &str = "444455556666";

/// A thing with the changes that come over it.
#[derive(Debug, Clone)]
pub(super) struct Timed<T> {
    base: T,
    changes: Vec<(Timestamp, Change<T>)>,
}

/// What comes over a thing at a moment.
type Change<T> = fn(&mut T, Timestamp);

impl<T: Clone> Timed<T> {
    /// A thing that nothing happens to.
    pub(super) fn still(base: T) -> Self {
        Self { base, changes: Vec::new() }
    }

    /// Adds a change; later ones are added later.
    pub(super) fn then(mut self, at: Timestamp, change: Change<T>) -> Self {
        self.changes.push((at, change));
        self
    }

    /// The thing as it is at a moment.
    pub(super) fn at(&self, now: Timestamp) -> Cow<'_, T> {
        let mut state = Cow::Borrowed(&self.base);
        for (at, change) in self.changes.iter().filter(|(at, _)| *at <= now) {
            change(state.to_mut(), *at);
        }
        state
    }

    /// When it last changed.
    pub(super) fn changed(&self, now: Timestamp) -> Option<Timestamp> {
        self.changes.iter().map(|(at, _)| *at).filter(|at| *at <= now).max()
    }

    /// When it changes, in order.
    pub(super) fn moments(&self) -> impl Iterator<Item = Timestamp> {
        self.changes.iter().map(|(at, _)| *at)
    }

    /// The thing as it was before anything happened: for names and other things that stay.
    pub(super) fn first(&self) -> &T {
        &self.base
    }
}

/// A KMS key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub arn: String,
    pub aws_managed: bool,
    pub state: &'static str,
    pub created: Timestamp,
    pub deletion: Option<Timestamp>,
    pub valid_to: Option<Timestamp>,
    pub origin: &'static str,
    /// Days between its rotations, where it rotates.
    pub rotates: Option<i64>,
    pub description: String,
}

/// One account in one region.
#[derive(Debug)]
pub(super) struct Realm {
    pub index: usize,
    pub account: &'static str,
    pub region: &'static str,
    pub access_key: String,
    pub seed: u64,
    /// What the auditor may.
    pub policy: Option<Document>,
    pub tables: Vec<Timed<Table>>,
    pub keys: Vec<Key>,
    /// GuardDuty's detector; `None` where it was never switched on.
    pub detector: Option<String>,
    pub findings: Vec<Timed<Finding>>,
    /// The story's calls, in order.
    pub steps: Vec<Step>,
    pub everyday: Everyday,
    pub stacks: Vec<Timed<Stack>>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct World {
    pub options: DemoOptions,
    pub realms: Vec<Realm>,
}

/// Accounts and regions with their share of the tables and of the findings, in percent. The last region is one that was forgotten.
const REALMS: [(&str, &str, usize, usize); 5] = [
    (PROD, "eu-west-1", 38, 50),
    (PROD, "us-east-1", 24, 25),
    (DATA, "eu-west-1", 20, 25),
    (DATA, "us-east-1", 12, 0),
    (DATA, "ap-southeast-2", 6, 0),
];

impl World {
    pub(super) fn new(options: DemoOptions) -> Self {
        let realms = REALMS.iter().enumerate().map(|(index, realm)| Realm::new(options, index, *realm)).collect();
        Self { options, realms }
    }

    /// The realm that an access key leads to in a region.
    pub(super) fn realm(&self, access_key: &str, region: &str) -> Option<(usize, &Realm)> {
        self.realms.iter().enumerate().find(|(_, realm)| realm.access_key == access_key && realm.region == region)
    }
}

impl Realm {
    fn new(
        options: DemoOptions,
        index: usize,
        (account, region, share, findings_share): (&'static str, &'static str, usize, usize),
    ) -> Self {
        let access_key = if account == PROD { "ASIADYNAKEEPDEMOPROD" } else { "ASIADYNAKEEPDEMODATA" };
        let mut realm = Self {
            index,
            account,
            region,
            access_key: access_key.to_owned(),
            seed: mix(options.seed, index as u64),
            policy: access::policy(account),
            tables: Vec::new(),
            keys: Vec::new(),
            detector: None,
            findings: Vec::new(),
            steps: Vec::new(),
            stacks: Vec::new(),
            everyday: Everyday::new(mix(options.seed, index as u64), options.events * share / 100),
        };
        realm.keys = keys(&realm);
        realm.tables = tables::build(&realm, options.tables * share / 100);
        realm.stacks = cloudformation::build(&realm);
        realm.steps = incident::steps(&realm);
        realm.steps.sort_by_key(|step| step.at);
        realm.detector = (region != "ap-southeast-2").then(|| hex(realm.seed, 0xDE7, 32));
        realm.findings = findings::build(&realm, options.findings * findings_share / 100);
        realm
    }

    pub(super) fn scope(&self) -> Scope {
        Scope::new(self.account, self.region)
    }

    /// The ARN of something in this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// The role's session that our own calls are made with.
    pub(super) fn auditor(&self) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/dynakeep", self.account, self.auditor_role())
    }

    pub(super) fn auditor_role(&self) -> &'static str {
        if self.account == PROD { "prod-audit" } else { "data-audit" }
    }

    pub(super) fn auditor_id(&self) -> &'static str {
        if self.account == PROD { "AROADEMOPRODAUDIT0001" } else { "AROADEMODATAAUDIT0001" }
    }

    /// The gateway endpoint that the story widens.
    pub(super) fn gateway_endpoint(&self) -> String {
        format!("vpce-0{}", hex(self.seed ^ 0x6E7, 10, 16))
    }

    pub(super) fn key(&self, place: usize) -> Option<&Key> {
        self.keys.get(place)
    }
}

/// Places of the keys below.
pub(super) const KEY_AWS: usize = 0;
pub(super) const KEY_DATA: usize = 1;
pub(super) const KEY_DISABLED: usize = 2;
pub(super) const KEY_DYING: usize = 3;
pub(super) const KEY_IMPORTED: usize = 4;

fn keys(realm: &Realm) -> Vec<Key> {
    let day = SignedDuration::from_hours(24);
    let key = |place: u64, state, description: &str| Key {
        arn: realm.arn("kms", &format!("key/{}", uuid(realm.seed ^ 0x6B65_7973, place))),
        aws_managed: false,
        state,
        created: story::END - day * 420,
        deletion: None,
        valid_to: None,
        origin: "AWS_KMS",
        rotates: None,
        description: description.to_owned(),
    };
    let managed = "Default key that protects my DynamoDB data when no other key is defined";
    vec![
        Key { aws_managed: true, rotates: Some(365), ..key(0, "Enabled", managed) },
        Key { rotates: Some(365), ..key(1, "Enabled", "customer data at rest") },
        key(2, "Disabled", "legacy billing, switched off by \u{202e}1174 tekcit\u{202c}\u{200b}"),
        Key { deletion: Some(story::END + day * 4), ..key(3, "PendingDeletion", "campaign archive") },
        Key { origin: "EXTERNAL", valid_to: Some(story::END + day * 12), ..key(4, "Enabled", "imported from the HSM") },
    ]
}
