//! Front doors: what the internet reaches, and tables stand behind. AWS does not know which; the configuration names them.

use super::Arn;

/// One front door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontDoor {
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: String,
    /// Its region; `None` for a CloudFront distribution.
    pub region: Option<String>,
    /// Names of the tables behind it, `*` for any text; empty for all of its account.
    pub tables: Vec<String>,
}

/// Services and the beginnings of what can carry a web ACL. Source: AWS WAF's developer guide, "Resources that you can
/// protect".
const KINDS: [(&str, &str); 8] = [
    ("elasticloadbalancing", "loadbalancer/app/"),
    ("apigateway", "/restapis/"),
    ("cloudfront", "distribution/"),
    ("appsync", "apis/"),
    ("cognito-idp", "userpool/"),
    ("apprunner", "service/"),
    ("ec2", "verified-access-instance/"),
    ("amplify", "apps/"),
];

impl FrontDoor {
    /// A front door by its ARN; `account` is asked for where the ARN leaves it out.
    ///
    /// # Errors
    ///
    /// Why the ARN is none of a front door.
    pub fn new(text: &str, account: Option<String>, tables: Vec<String>) -> Result<Self, String> {
        let arn = Arn::parse(text).ok_or_else(|| format!("arn: {text:?} is no ARN"))?;
        if !KINDS.iter().any(|(service, begin)| arn.service == *service && arn.resource.starts_with(begin)) {
            let kinds = "an application load balancer, a stage of a REST API, a CloudFront distribution, an AppSync API, a \
                         Cognito user pool, an App Runner service, a Verified Access instance or an Amplify app";
            return Err(format!("arn: {text:?} is none of {kinds}"));
        }
        if arn.service == "apigateway" && !arn.resource.contains("/stages/") {
            return Err(format!("arn: {text:?} names no stage: /restapis/ID/stages/NAME"));
        }
        let global = arn.service == "cloudfront";
        if arn.region.is_empty() != global {
            return Err(format!("arn: {text:?} {}", if global { "has a region" } else { "names no region" }));
        }
        let account = match (arn.account.is_empty(), account) {
            (true, Some(account)) => account,
            (true, None) => return Err(format!("arn: {text:?} names no account: say account = \"…\" beside it")),
            (false, Some(other)) if other != arn.account => {
                return Err(format!("account: {other:?} is not the account of {text:?}"));
            }
            (false, _) => arn.account,
        };
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("account: {account:?} is no account of twelve digits"));
        }
        let region = (!global).then_some(arn.region);
        Ok(Self { arn: text.to_owned(), account, region, tables })
    }

    /// True for what Shield Advanced can protect itself.
    #[must_use]
    pub fn may_be_shielded(&self) -> bool {
        self.region.is_none() || self.arn.contains(":loadbalancer/app/")
    }

    /// A distribution's id.
    #[must_use]
    pub fn distribution(&self) -> Option<&str> {
        self.arn.split_once(":distribution/").map(|(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_what_and_where_and_what_it_leaves_out_is_asked_for() {
        let new = |arn: &str, account: Option<&str>| FrontDoor::new(arn, account.map(str::to_owned), Vec::new());
        let alb = new("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc", None).unwrap();
        assert_eq!((alb.account.as_str(), alb.region.as_deref()), ("111122223333", Some("eu-west-1")));
        let site = new("arn:aws:cloudfront::111122223333:distribution/E1", None).unwrap();
        assert_eq!((site.region.as_deref(), site.distribution()), (None, Some("E1")));
        let stage = "arn:aws:apigateway:eu-west-1::/restapis/a1/stages/prod";
        assert_eq!(new(stage, Some("111122223333")).unwrap().account, "111122223333");
        for (arn, account, word) in [
            (stage, None, "account"),
            (stage, Some("11112222333"), "twelve"),
            ("arn:aws:apigateway:eu-west-1::/restapis/a1", Some("111122223333"), "stage"),
            ("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/shop/50dc", None, "none of"),
            ("arn:aws:cloudfront::111122223333:distribution/E1", Some("444455556666"), "is not the account"),
            ("arn:aws:cloudfront:eu-west-1:111122223333:distribution/E1", None, "region"),
            ("shop", None, "no ARN"),
        ] {
            let error = new(arn, account).unwrap_err();
            assert!(error.contains(word), "{arn}: {error}");
        }
    }
}
