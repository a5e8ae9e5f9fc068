//! The table that Athena asks, as a statement to run once: the documented columns and `managementevent`, without which
//! old records would not say their category, and partitions by account, region and day of delivery that Athena computes
//! by itself (partition projection).

use super::Root;
use super::sql::quoted;

/// Regions that every account has switched on, in the commercial partition. Source: AWS's list of regions.
pub const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

const COLUMNS: &str = "\
  eventversion STRING,
  useridentity STRUCT<
    type: STRING, principalid: STRING, arn: STRING, accountid: STRING, invokedby: STRING,
    accesskeyid: STRING, username: STRING,
    onbehalfof: STRUCT<userid: STRING, identitystorearn: STRING>,
    sessioncontext: STRUCT<
      attributes: STRUCT<mfaauthenticated: STRING, creationdate: STRING>,
      sessionissuer: STRUCT<type: STRING, principalid: STRING, arn: STRING, accountid: STRING, username: STRING>,
      ec2roledelivery: STRING,
      webidfederationdata: STRUCT<federatedprovider: STRING, attributes: MAP<STRING,STRING>>>>,
  eventtime STRING,
  eventsource STRING,
  eventname STRING,
  awsregion STRING,
  sourceipaddress STRING,
  useragent STRING,
  errorcode STRING,
  errormessage STRING,
  requestparameters STRING,
  responseelements STRING,
  additionaleventdata STRING,
  requestid STRING,
  eventid STRING,
  readonly STRING,
  resources ARRAY<STRUCT<arn: STRING, accountid: STRING, type: STRING>>,
  eventtype STRING,
  apiversion STRING,
  recipientaccountid STRING,
  serviceeventdetails STRING,
  sharedeventid STRING,
  vpcendpointid STRING,
  vpcendpointaccountid STRING,
  eventcategory STRING,
  managementevent STRING,
  addendum STRUCT<reason: STRING, updatedfields: STRING, originalrequestid: STRING, originaleventid: STRING>,
  sessioncredentialfromconsole STRING,
  edgedevicedetails STRING,
  tlsdetails STRUCT<tlsversion: STRING, ciphersuite: STRING, clientprovidedhostheader: STRING>";

/// What the statement is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ddl<'a> {
    /// The database.
    pub database: &'a str,
    /// The table.
    pub table: &'a str,
    /// Where the trail writes; `None` leaves a name to fill in.
    pub trail: Option<&'a Root>,
    /// The organization's id, for its trail.
    pub organization: Option<&'a str>,
    /// Accounts of the trail; empty leaves one to fill in.
    pub accounts: &'a [String],
    /// Regions of the trail; empty means those that every account has.
    pub regions: &'a [String],
}

/// The statement, with what is to be filled in said in comments above it.
#[must_use]
pub fn text(of: &Ddl<'_>) -> String {
    let mut notes = vec![
        "-- The CloudTrail table of dynakeep's Athena engine. Run it once in Athena; it reads nothing.".to_owned(),
    ];
    let mut base = match of.trail {
        Some(root) => format!("s3://{}/{}", root.bucket, root.prefix),
        None => {
            notes.push(
                "-- Put the trail's bucket and prefix for YOUR-TRAIL-BUCKET, or set engines.athena.trail.".to_owned(),
            );
            "s3://YOUR-TRAIL-BUCKET/".to_owned()
        }
    };
    if !base.contains("AWSLogs/") {
        base.push_str("AWSLogs/");
    }
    if let Some(organization) = of.organization.filter(|id| !base.contains(*id)) {
        base.push_str(&format!("{organization}/"));
    }
    let accounts = if of.accounts.is_empty() {
        notes.push("-- Put the trail's accounts for 111122223333, or set engines.athena.accounts.".to_owned());
        "111122223333".to_owned()
    } else {
        of.accounts.join(",")
    };
    let regions = if of.regions.is_empty() { REGIONS.join(",") } else { of.regions.join(",") };
    let back = |name: &str| format!("`{}`", name.replace('`', ""));
    let set = |name: &str, value: &str| format!("  {} = {}", quoted(name), quoted(value));
    let properties = [
        set("projection.enabled", "true"),
        set("projection.account.type", "enum"),
        set("projection.account.values", &accounts),
        set("projection.region.type", "enum"),
        set("projection.region.values", &regions),
        set("projection.day.type", "date"),
        set("projection.day.format", "yyyy/MM/dd"),
        set("projection.day.range", "2013/11/01,NOW"),
        set("projection.day.interval", "1"),
        set("projection.day.interval.unit", "DAYS"),
        set("storage.location.template", &format!("{base}${{account}}/CloudTrail/${{region}}/${{day}}")),
    ];
    format!(
        "{}\nCREATE EXTERNAL TABLE {}.{} (\n{COLUMNS}\n)\nPARTITIONED BY (account STRING, region STRING, day STRING)\n\
         ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\n\
         STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n\
         OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n\
         LOCATION {}\nTBLPROPERTIES (\n{}\n);\n",
        notes.join("\n"),
        back(of.database),
        back(of.table),
        quoted(&base),
        properties.join(",\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_projects_accounts_regions_and_days() {
        let root = Root::parse("s3://trail-bucket/org").unwrap();
        let (accounts, regions) = (["111122223333".to_owned(), "444455556666".to_owned()], ["eu-west-1".to_owned()]);
        let of = Ddl {
            database: "audit",
            table: "cloudtrail",
            trail: Some(&root),
            organization: Some("o-abc123"),
            accounts: &accounts,
            regions: &regions,
        };
        let text = text(&of);
        for part in [
            "CREATE EXTERNAL TABLE `audit`.`cloudtrail` (",
            "LOCATION 's3://trail-bucket/org/AWSLogs/o-abc123/'",
            "'projection.account.values' = '111122223333,444455556666'",
            "'projection.region.values' = 'eu-west-1'",
            "'s3://trail-bucket/org/AWSLogs/o-abc123/${account}/CloudTrail/${region}/${day}'",
            "tlsdetails STRUCT<",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("YOUR-TRAIL-BUCKET"));
    }

    #[test]
    fn what_is_not_known_is_left_to_fill_in_and_said() {
        let of = Ddl {
            database: "default",
            table: "cloudtrail",
            trail: None,
            organization: None,
            accounts: &[],
            regions: &[],
        };
        let text = text(&of);
        assert!(text.contains("-- Put the trail's bucket") && text.contains("-- Put the trail's accounts"), "{text}");
        assert!(text.contains("eu-central-1,eu-north-1"));
    }
}
