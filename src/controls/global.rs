//! Resilience of global tables: each replica is a table of its own, and much of it is never copied.

use crate::model::{Estate, Judgement, Replica, Table, TableDescription};

use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

/// The replicas of a table but itself.
pub(super) fn others<'a>(table: &'a Table, described: &'a TableDescription) -> Vec<&'a Replica> {
    described.replicas.iter().filter(|of| of.region != table.scope.region).collect()
}

/// RES-12.
pub(super) const RES_12: &Control = &Control {
    id: "RES-12",
    operations: &[
        "dynamodb:DescribeTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:GetResourcePolicy",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "streams to Kinesis and Contributor Insights of replicas are judged with the replica's own table",
    judge: Judge::Table(replicas),
};

fn replicas(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_replicas(estate, baseline, table)), unread(table))
}

fn judge_replicas(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_12, &table.arn);
    let (mut draft, seen) = draft.need("DescribeTable", Some(&table.description))?;
    let others = others(table, &seen.value);
    if others.is_empty() {
        return Ok(draft.not_applicable("it is no global table"));
    }
    let (class, _) = class(estate, table);
    if !baseline.asks(class, RES_12.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let status = |of: &Replica| of.status.clone().unwrap_or_else(|| "absent".to_owned());
    draft.saw(seen, others.iter().map(|of| format!("Replicas[{}].ReplicaStatus={}", of.region, status(of))));
    let lost = ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "REPLICATION_NOT_AUTHORIZED", "REGION_DISABLED"];
    let is_lost = |of: &&&Replica| lost.contains(&status(of).as_str()) || status(of) == "CREATION_FAILED";
    if let Some(of) = others.iter().find(is_lost) {
        return Ok(draft.fail(format!("the replica in {} is {}", of.region, status(of))));
    }
    let (mut unseen, mut differs) = (Vec::new(), None);
    for of in &others {
        let Some(other) = estate.replica(table, &of.region) else {
            unseen.push(of.region.as_str());
            continue;
        };
        let (with, described) =
            draft.need(&format!("DescribeTable of the replica in {}", of.region), Some(&other.description))?;
        let (with, theirs) =
            with.need(&format!("DescribeContinuousBackups of the replica in {}", of.region), Some(&other.pitr))?;
        draft = with;
        draft.saw(
            described,
            [format!("{}: DeletionProtectionEnabled={:?}", of.region, described.value.deletion_protection)],
        );
        draft.saw(theirs, [format!("{}: PointInTimeRecoveryStatus={}", of.region, theirs.value.enabled)]);
        if table.pitr.value().is_some_and(|ours| ours.enabled) && !theirs.value.enabled {
            return Ok(draft.fail(format!("the replica in {} has no point-in-time recovery", of.region)));
        }
        if seen.value.deletion_protection == Some(true) && described.value.deletion_protection == Some(false) {
            return Ok(draft.fail(format!("the replica in {} has no deletion protection", of.region)));
        }
        differs = differs.or_else(|| differing(table, other, of));
    }
    // Its own recovery is what the replicas' is held against.
    (draft, _) = draft.need("DescribeContinuousBackups", Some(&table.pitr))?;
    if let Some(of) = others.iter().find(|of| status(of) != "ACTIVE") {
        return Ok(draft.warn(format!("the replica in {} is {}", of.region, status(of))));
    }
    match (unseen.as_slice(), differs) {
        ([], None) => {}
        ([], Some(why)) => return Ok(draft.warn(why)),
        (regions, _) => return Ok(draft.warn(format!("the replica in {} was not read", regions.join(", ")))),
    }
    // Alike is only what was read of each.
    for of in std::iter::once(table).chain(others.iter().filter_map(|of| estate.replica(table, &of.region))) {
        let region = &of.scope.region;
        (draft, _) = draft.need(&format!("GetResourcePolicy in {region}"), Some(&of.policy))?;
        (draft, _) = draft.need(&format!("ListTagsOfResource in {region}"), Some(&of.tags))?;
        if of.description.value().is_some_and(|of| of.deletion_protection.is_none()) {
            return Ok(draft.unclear(format!("the answer in {region} leaves DeletionProtectionEnabled out")));
        }
    }
    Ok(draft.pass("its replicas are active and protected alike"))
}

/// What two replicas say differently and nobody copies.
fn differing(table: &Table, other: &Table, of: &Replica) -> Option<String> {
    let policies = table.policy.value().zip(other.policy.value());
    if policies.is_some_and(|(ours, theirs)| ours.is_some() != theirs.is_some()) {
        return Some(format!("only one of it and the replica in {} has a resource policy", of.region));
    }
    let tags = table.tags.value().zip(other.tags.value());
    tags.filter(|(ours, theirs)| ours != theirs).map(|_| format!("the replica in {} has other tags", of.region))
}

/// RES-13.
pub(super) const RES_13: &Control =
    &Control { id: "RES-13", operations: &["dynamodb:DescribeTable"], blind: "", judge: Judge::Table(version) };

fn version(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_version(estate, baseline, table)), unread(table))
}

fn judge_version(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_13, &table.arn);
    let (class, _) = class(estate, table);
    let (mut draft, seen) = draft.need("DescribeTable", Some(&table.description))?;
    let version = seen.value.global_version.as_deref();
    draft.saw(seen, [format!("Table.GlobalTableVersion={}", version.unwrap_or("absent"))]);
    Ok(match version {
        Some(old @ "2017.11.29") if baseline.asks(class, RES_13.id) => {
            draft.fail(format!("version {old}: it takes neither customer keys nor a resource policy"))
        }
        Some(old @ "2017.11.29") => {
            draft.not_applicable(format!("version {old}; class {} asks for none", class.word()))
        }
        Some(version) => draft.pass(format!("global table of version {version}")),
        None => draft.pass("it is no global table"),
    })
}

/// RES-14.
pub(super) const RES_14: &Control =
    &Control { id: "RES-14", operations: &["dynamodb:DescribeTable"], blind: "", judge: Judge::Table(disassociation) };

fn disassociation(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_disassociation(estate, baseline, table)), unread(table))
}

fn judge_disassociation(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(RES_14, &table.arn);
    let (class, _) = class(estate, table);
    let (mut draft, seen) = draft.need("DescribeTable", Some(&table.description))?;
    if others(table, &seen.value).is_empty() {
        return Ok(draft.not_applicable("it is no global table"));
    }
    if !baseline.asks(class, RES_14.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let protected = seen.value.disassociation_protection;
    let told = protected.map_or_else(|| "absent".to_owned(), |on| on.to_string());
    draft.saw(seen, [format!("Table.DisassociationProtectionEnabled={told}"), format!("strong={}", seen.value.strong)]);
    Ok(match protected {
        Some(true) => draft.pass("it cannot be taken out of its global table by mistake"),
        // A table that is strongly consistent over regions loses no replica alone.
        Some(false) if seen.value.strong => draft.warn("off, on a strongly consistent global table"),
        Some(false) => draft.fail("disassociation protection is off"),
        None => draft.warn("the answer leaves DisassociationProtectionEnabled out"),
    })
}
