//! Addresses of the AWS console, by partition and region.

/// What the console has a page for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsolePage<'a> {
    /// A DynamoDB table, by name.
    Table(&'a str),
    /// A GuardDuty finding, by id.
    Finding(&'a str),
    /// A CloudTrail event of the last 90 days, by id.
    Event(&'a str),
    /// A trail, by ARN.
    Trail(&'a str),
    /// A rule of AWS Config, by name.
    Rule(&'a str),
    /// What AWS Config recorded of a resource: type and id.
    Resource(&'a str, &'a str),
    /// A KMS key, by id.
    Key(&'a str),
    /// An IAM role, by name.
    Role(&'a str),
    /// An IAM user, by name.
    User(&'a str),
    /// A VPC endpoint, by id.
    Endpoint(&'a str),
    /// A VPC, by id.
    Vpc(&'a str),
    /// The drift of a CloudFormation stack, by its id.
    StackDrift(&'a str),
}

/// The page's address; `None` in a partition whose console is not on the internet, or without a region.
#[must_use]
pub fn console_url(region: &str, page: ConsolePage<'_>) -> Option<String> {
    // Source: AWS General Reference, "AWS Management Console" by partition.
    let domain = match region {
        "" => return None,
        of if of.starts_with("cn-") => "console.amazonaws.cn",
        of if of.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
        of if of.starts_with("us-iso") || of.starts_with("eu-iso") || of.starts_with("eusc-") => return None,
        _ => "console.aws.amazon.com",
    };
    let (service, place) = match page {
        ConsolePage::Table(name) => ("dynamodbv2", format!("table?name={}", encoded(name))),
        ConsolePage::Finding(id) => ("guardduty", format!("/findings?search=id%3D{}", encoded(id))),
        ConsolePage::Event(id) => ("cloudtrailv2", format!("/events/{}", encoded(id))),
        ConsolePage::Trail(arn) => ("cloudtrailv2", format!("/trails/{}", encoded(arn))),
        ConsolePage::Rule(name) => ("config", format!("/rules/details?configRuleName={}", encoded(name))),
        ConsolePage::Resource(kind, id) => {
            ("config", format!("/resources/timeline?resourceId={}&resourceType={}", encoded(id), encoded(kind)))
        }
        ConsolePage::Key(id) => ("kms", format!("/kms/keys/{}", encoded(id))),
        ConsolePage::Role(name) => ("iam", format!("/roles/details/{}", encoded(name))),
        ConsolePage::User(name) => ("iam", format!("/users/details/{}", encoded(name))),
        ConsolePage::Endpoint(id) => ("vpcconsole", format!("EndpointDetails:vpcEndpointId={}", encoded(id))),
        ConsolePage::Vpc(id) => ("vpcconsole", format!("VpcDetails:VpcId={}", encoded(id))),
        ConsolePage::StackDrift(id) => ("cloudformation", format!("/stacks/drifts?stackId={}", encoded(id))),
    };
    Some(format!("https://{}.{domain}/{service}/home?region={0}#{place}", encoded(region)))
}

/// Percent-encoded but for what RFC 3986 leaves unreserved: a name never ends the address or begins a part of it.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_has_its_address_in_each_partition() {
        let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/app/1a";
        let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for (region, page, wanted) in [
            (
                "eu-west-1",
                ConsolePage::Table("orders"),
                "https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=orders",
            ),
            (
                "cn-north-1",
                ConsolePage::Table("orders"),
                "https://cn-north-1.console.amazonaws.cn/dynamodbv2/home?region=cn-north-1#table?name=orders",
            ),
            (
                "us-gov-west-1",
                ConsolePage::Table("orders"),
                "https://us-gov-west-1.console.amazonaws-us-gov.com/dynamodbv2/home?region=us-gov-west-1#table?name=orders",
            ),
            (
                "us-east-1",
                ConsolePage::Finding("0a1b"),
                "https://us-east-1.console.aws.amazon.com/guardduty/home?region=us-east-1#/findings?search=id%3D0a1b",
            ),
            (
                "cn-northwest-1",
                ConsolePage::Finding("0a1b"),
                "https://cn-northwest-1.console.amazonaws.cn/guardduty/home?region=cn-northwest-1#/findings?search=id%3D0a1b",
            ),
            (
                "us-east-1",
                ConsolePage::Event(key),
                "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
            (
                "us-east-1",
                ConsolePage::Trail("arn:aws:cloudtrail:us-east-1:1:trail/t"),
                "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/trails/arn%3Aaws%3Acloudtrail%3Aus-east-1%3A1%3Atrail%2Ft",
            ),
            (
                "us-east-1",
                ConsolePage::Rule("pitr on"),
                "https://us-east-1.console.aws.amazon.com/config/home?region=us-east-1#/rules/details?configRuleName=pitr%20on",
            ),
            (
                "us-east-1",
                ConsolePage::Resource("AWS::DynamoDB::Table", "orders"),
                "https://us-east-1.console.aws.amazon.com/config/home?region=us-east-1#/resources/timeline?resourceId=orders&resourceType=AWS%3A%3ADynamoDB%3A%3ATable",
            ),
            (
                "us-gov-east-1",
                ConsolePage::Key(key),
                "https://us-gov-east-1.console.amazonaws-us-gov.com/kms/home?region=us-gov-east-1#/kms/keys/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
            (
                "eu-west-1",
                ConsolePage::Role("app-orders"),
                "https://eu-west-1.console.aws.amazon.com/iam/home?region=eu-west-1#/roles/details/app-orders",
            ),
            (
                "eu-west-1",
                ConsolePage::User("ann@x"),
                "https://eu-west-1.console.aws.amazon.com/iam/home?region=eu-west-1#/users/details/ann%40x",
            ),
            (
                "eu-west-1",
                ConsolePage::Endpoint("vpce-1"),
                "https://eu-west-1.console.aws.amazon.com/vpcconsole/home?region=eu-west-1#EndpointDetails:vpcEndpointId=vpce-1",
            ),
            (
                "eu-west-1",
                ConsolePage::Vpc("vpc-1"),
                "https://eu-west-1.console.aws.amazon.com/vpcconsole/home?region=eu-west-1#VpcDetails:VpcId=vpc-1",
            ),
            (
                "eu-west-1",
                ConsolePage::StackDrift(stack),
                "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/drifts?stackId=arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111122223333%3Astack%2Fapp%2F1a",
            ),
        ] {
            assert_eq!(console_url(region, page).as_deref(), Some(wanted));
        }
        for region in ["", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1"] {
            assert_eq!(console_url(region, ConsolePage::Table("orders")), None, "{region}");
        }
    }

    #[test]
    fn a_name_from_outside_stays_a_name() {
        let url = console_url("eu-west-1", ConsolePage::Table("a#b?c&d\u{1b}]8;;x\u{7}")).unwrap();
        assert!(url.ends_with("name=a%23b%3Fc%26d%1B%5D8%3B%3Bx%07"), "{url}");
    }
}
