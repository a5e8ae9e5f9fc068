use super::*;
use Verdict::Manual;

#[test]
fn what_only_a_person_knows_is_asked_of_the_classes_that_need_it_and_missed_once() {
    let estate = known();
    assert_eq!(judge("ENC-10", &estate).verdict, Manual);
    assert_eq!(judge("GOV-01", &estate).verdict, Manual);
    let mut mild = known();
    classed(&mut mild, DataClass::Internal);
    assert_eq!(judge("ENC-10", &mild).verdict, NotApplicable);
    let mut denied_tags = known();
    table(&mut denied_tags).tags = denied("dynamodb:ListTagsOfResource");
    let judged = judge("ENC-11", &denied_tags);
    assert_eq!((judged.verdict, judged.missing_action.as_deref()), (Unknown, Some("dynamodb:ListTagsOfResource")));
    let (mut waits, mut ends, mut ended) = (known(), known(), known());
    waits.attestations.missing.insert("111122223333".to_owned(), BTreeMap::from([("ENC-10", 3), ("GOV-01", 0)]));
    ends.attestations.ending = vec!["the attestation to GOV-01 ends on 2026-12-01".to_owned()];
    ended.attestations.void = vec!["one".to_owned(), "two".to_owned()];
    let stands = |estate: &Estate| {
        let judged = judge("GOV-03", estate);
        (judged.verdict, judged.reason)
    };
    assert_eq!(stands(&estate).0, Pass);
    assert_eq!(stands(&waits), (Warn, "nobody attests to ENC-10 on 3".to_owned()));
    assert_eq!(stands(&ends).0, Warn);
    assert_eq!(stands(&ended), (Fail, "one, and 1 more".to_owned()));
}

#[test]
fn a_token_vault_shares_its_key_with_nothing() {
    let mut estate = known();
    let mut other = table(&mut estate).clone();
    (other.arn, other.name) = (format!("{ARN}-2"), "shop".to_owned());
    estate.tables.insert(other.arn.clone(), other);
    assert_eq!(judge("ENC-11", &estate).verdict, Manual);
    let tags = [("data-class", "restricted"), ("role", "token-vault")];
    table(&mut estate).tags = seen(tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    let judged = judge("ENC-11", &estate);
    assert_eq!((judged.verdict, judged.reason.as_str()), (Fail, "the vault's key also encrypts shop"));
}

/// The good estate, and who asks.
fn known() -> Estate {
    let mut estate = good();
    let caller = crate::model::Caller {
        arn: "arn:aws:iam::111122223333:user/a".to_owned(),
        account: "111122223333".to_owned(),
        profile: None,
    };
    estate.callers.insert(scope(), seen(caller));
    estate
}
