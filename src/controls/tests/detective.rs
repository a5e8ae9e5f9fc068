use super::*;

pub(super) const CASES: &[Case] = &[
    ("DET-01", Pass, |_| {}),
    ("DET-01", Fail, |estate| detector(estate).enabled = false),
    ("DET-01", Fail, |estate| {
        estate.detectors.insert(scope(), seen(Vec::new()));
    }),
    ("DET-01", Warn, |estate| detector(estate).publishing_frequency = Some("SIX_HOURS".to_owned())),
    ("DET-01", Warn, |estate| {
        estate.detectors.insert(scope(), seen(Vec::new()));
        estate.populations.insert(scope(), seen(0));
    }),
    ("DET-01", Unknown, |estate| {
        estate.detectors.insert(scope(), denied("guardduty:ListDetectors"));
    }),
    ("DET-03", Pass, |_| {}),
    ("DET-03", Fail, |estate| finding(estate, 80, true)),
    ("DET-03", Warn, |estate| finding(estate, 80, false)),
    // The baseline of restricted tables fails them from 4.0 on, that of others from 7.0 on.
    ("DET-03", Fail, |estate| finding(estate, 50, true)),
    ("DET-03", Warn, |estate| {
        finding(estate, 50, true);
        classed(estate, DataClass::Confidential);
    }),
    ("DET-03", Warn, |estate| {
        finding(estate, 50, true);
        table(estate).tags = seen(BTreeMap::new());
    }),
    ("DET-03", Fail, |estate| {
        finding(estate, 80, true);
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("DET-03", Unknown, |estate| {
        finding(estate, 50, true);
        table(estate).tags = denied("dynamodb:ListTagsOfResource");
    }),
    ("DET-03", Pass, |estate| finding(estate, 50, false)),
    ("DET-03", Unknown, |estate| {
        finding(estate, 10, false);
        estate.findings.values_mut().for_each(|of| std::sync::Arc::make_mut(of).broken = Some("no type".to_owned()));
    }),
    ("DET-03", Unknown, |estate| detector(estate).enabled = false),
    ("DET-03", Unknown, |estate| {
        estate.finding_lists.insert(scope(), denied("guardduty:ListFindings"));
    }),
    ("DET-03", Unknown, |estate| {
        finding(estate, 80, true);
        estate.finding_links.clear();
        estate.events_unread.insert(scope(), None);
    }),
    ("DET-09", Pass, |_| {}),
    ("DET-09", Fail, |estate| recorder(estate).recording = Some(false)),
    ("DET-09", Fail, |estate| {
        estate.recorders.insert(scope(), seen(Vec::new()));
    }),
    ("DET-09", Warn, |estate| recorder(estate).excluded_types = vec!["AWS::DynamoDB::Table".to_owned()]),
    ("DET-09", Warn, |estate| recorder(estate).frequency = Some("DAILY".to_owned())),
    ("DET-09", Warn, |estate| recorder(estate).last_status = Some("Failure".to_owned())),
    ("DET-09", Unknown, |estate| recorder(estate).recording = None),
    ("DET-09", Unknown, |estate| {
        estate.recorders.insert(scope(), denied("config:DescribeConfigurationRecorders"));
    }),
    ("DET-12", Pass, |_| {}),
    ("DET-12", Fail, |estate| resource_of_stack(estate).status = DriftStatus::Modified),
    ("DET-12", Warn, |estate| resource_of_stack(estate).status = DriftStatus::NotChecked),
    ("DET-12", Warn, |estate| resource_of_stack(estate).checked = Some(ago(48))),
    ("DET-12", Warn, |estate| table(estate).policy = seen(Some("{}".to_owned()))),
    ("DET-12", NotApplicable, |estate| resource_of_stack(estate).physical_id = Some("other".to_owned())),
    ("DET-12", Unknown, |estate| {
        estate.stacks.get_mut("s").unwrap().resources = denied("cloudformation:DescribeStackResources");
    }),
    ("DET-12", Unknown, |estate| {
        estate.stack_lists.insert(scope(), denied("cloudformation:DescribeStacks"));
    }),
    ("DET-06", Pass, |_| {}),
    ("DET-06", Pass, |estate| filter(estate, "ARCHIVE", &[("type", "Equals", "Recon:EC2/Portscan")])),
    ("DET-06", Pass, |estate| filter(estate, "NOOP", &[])),
    ("DET-06", Fail, |estate| filter(estate, "ARCHIVE", &[("type", "Equals", "Stealth:IAMUser/PasswordPolicyChange")])),
    ("DET-06", Fail, |estate| filter(estate, "ARCHIVE", &[("type", "Matches", "Exfiltration:*")])),
    ("DET-06", Fail, |estate| filter(estate, "ARCHIVE", &[])),
    ("DET-06", Fail, |estate| filter(estate, "ARCHIVE", &[("type", "NotEquals", "Recon:EC2/Portscan")])),
    ("DET-06", Warn, |estate| filter(estate, "ARCHIVE", &[("severity", "LessThan", "4")])),
    ("DET-06", Warn, |estate| {
        filter(
            estate,
            "ARCHIVE",
            &[("type", "Equals", "Impact:S3/ObjectDelete.Unusual"), ("accountId", "Equals", "1")],
        );
    }),
    ("DET-06", NotApplicable, |estate| {
        estate.detectors.insert(scope(), seen(Vec::new()));
    }),
    ("DET-06", Unknown, |estate| {
        estate.filters.insert(scope(), denied("guardduty:ListFilters"));
    }),
    ("DET-10", Pass, |_| {}),
    ("DET-10", Fail, |estate| estate.rules.clear()),
    ("DET-10", Warn, |estate| {
        estate.rules.pop_first();
    }),
    ("DET-10", Warn, |estate| rule(estate, "DYNAMODB_IN_BACKUP_PLAN", Compliance::InsufficientData)),
    ("DET-10", Warn, |estate| {
        evaluation(estate, "DYNAMODB_PITR_ENABLED").seen.as_mut().unwrap().value[0].invoked = Some(ago(30));
    }),
    ("DET-10", Pass, |estate| {
        // Only a change of the table makes it run again.
        let id = "DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED";
        evaluation(estate, id).seen.as_mut().unwrap().value[0].invoked = Some(ago(300));
    }),
    ("DET-10", Unknown, |estate| {
        evaluation(estate, "DYNAMODB_PITR_ENABLED").seen.as_mut().unwrap().value.clear();
    }),
    ("DET-10", Unknown, |estate| estate.rules.values_mut().for_each(|rule| rule.compliance = None)),
    ("DET-10", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("DET-10", Unknown, |estate| {
        *evaluation(estate, "DYNAMODB_PITR_ENABLED") = denied("config:GetComplianceDetailsByConfigRule");
    }),
    ("DET-10", Unknown, |estate| {
        estate.rule_lists.insert(scope(), denied("config:DescribeConfigRules"));
    }),
    ("DET-11", Pass, |_| {}),
    ("DET-11", Warn, |estate| recovery(estate).enabled = false),
    ("DET-11", Warn, |estate| rule(estate, "DYNAMODB_TABLE_ENCRYPTED_KMS", Compliance::NonCompliant)),
    ("DET-11", NotApplicable, |estate| estate.rules.clear()),
    ("DET-11", Unknown, |estate| table(estate).pitr = denied("dynamodb:DescribeContinuousBackups")),
    ("DET-11", Unknown, |estate| table(estate).description = denied("dynamodb:DescribeTable")),
    ("DET-11", Unknown, |estate| described(estate).deletion_protection = None),
    ("DET-11", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("DET-11", Unknown, |estate| {
        *evaluation(estate, "DYNAMODB_PITR_ENABLED") = denied("config:GetComplianceDetailsByConfigRule");
    }),
];

fn filter(estate: &mut Estate, action: &str, criteria: &[(&str, &'static str, &str)]) {
    let criteria =
        criteria.iter().map(|(field, operator, value)| ((*field).to_owned(), *operator, vec![(*value).to_owned()]));
    let filter = FindingFilter { name: "quiet".to_owned(), action: action.to_owned(), criteria: criteria.collect() };
    estate.filters.insert(scope(), seen(vec![filter]));
}
