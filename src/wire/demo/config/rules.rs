//! The rules of AWS Config that the simulated accounts have.

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    Recovery,
    Protection,
    Encryption,
    Backups,
    NoPublicPolicy,
    Keys,
    Trail,
    Detector,
    /// Something else, which is well.
    Elsewhere,
    /// Nothing yet.
    NotYet,
}

/// A rule: name, managed identifier, resource type and description.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub name: &'static str,
    pub identifier: &'static str,
    pub kind: &'static str,
    pub about: &'static str,
    pub looks: Looks,
}

const TABLE: &str = "AWS::DynamoDB::Table";

const fn rule(
    name: &'static str,
    identifier: &'static str,
    kind: &'static str,
    about: &'static str,
    looks: Looks,
) -> Rule {
    Rule { name, identifier, kind, about, looks }
}

pub(super) const RULES: [Rule; 37] = [
    rule("access-keys-rotated", "ACCESS_KEYS_ROTATED", "AWS::IAM::User", "Access keys are young.", Looks::Elsewhere),
    rule("cloud-trail-enabled", "CLOUD_TRAIL_ENABLED", "AWS::::Account", "A trail is logging.", Looks::Trail),
    rule(
        "cmk-backing-key-rotation-enabled",
        "CMK_BACKING_KEY_ROTATION_ENABLED",
        "AWS::KMS::Key",
        "Keys rotate.",
        Looks::Elsewhere,
    ),
    rule(
        "dax-encryption-enabled",
        "DAX_ENCRYPTION_ENABLED",
        "AWS::DAX::Cluster",
        "Caches are encrypted.",
        Looks::Elsewhere,
    ),
    rule(
        "dax-tls-endpoint-encryption",
        "DAX_TLS_ENDPOINT_ENCRYPTION",
        "AWS::DAX::Cluster",
        "Caches ask for TLS.",
        Looks::Elsewhere,
    ),
    rule(
        "dynamodb-autoscaling-enabled",
        "DYNAMODB_AUTOSCALING_ENABLED",
        TABLE,
        "Capacity follows demand.",
        Looks::Elsewhere,
    ),
    rule("dynamodb-in-backup-plan", "DYNAMODB_IN_BACKUP_PLAN", TABLE, "Tables are backed up.", Looks::Backups),
    rule(
        "dynamodb-last-backup-recovery-point-created",
        "DYNAMODB_LAST_BACKUP_RECOVERY_POINT_CREATED",
        TABLE,
        "The last backup is young.",
        Looks::Elsewhere,
    ),
    rule(
        "dynamodb-meets-restore-time-target",
        "DYNAMODB_MEETS_RESTORE_TIME_TARGET",
        TABLE,
        "A restore is quick enough.",
        Looks::Elsewhere,
    ),
    rule(
        "dynamodb-pitr-enabled",
        "DYNAMODB_PITR_ENABLED",
        TABLE,
        "Tables can be restored to any moment.",
        Looks::Recovery,
    ),
    rule(
        "dynamodb-resources-protected-by-backup-plan",
        "DYNAMODB_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
        TABLE,
        "A backup plan protects tables.",
        Looks::Elsewhere,
    ),
    rule(
        "dynamodb-table-deletion-protection-enabled",
        "DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED",
        TABLE,
        "Tables cannot be deleted by mistake.",
        Looks::Protection,
    ),
    rule(
        "dynamodb-table-encrypted-kms",
        "DYNAMODB_TABLE_ENCRYPTED_KMS",
        TABLE,
        "Tables use a KMS key.",
        Looks::Encryption,
    ),
    rule(
        "dynamodb-table-encryption-enabled",
        "DYNAMODB_TABLE_ENCRYPTION_ENABLED",
        TABLE,
        "Tables are encrypted.",
        Looks::Elsewhere,
    ),
    rule(
        "dynamodb-throughput-limit-check",
        "DYNAMODB_THROUGHPUT_LIMIT_CHECK",
        "AWS::::Account",
        "Throughput stays under its limit.",
        Looks::Elsewhere,
    ),
    rule(
        "ebs-snapshot-public-restorable-check",
        "EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK",
        "AWS::::Account",
        "No snapshot is public.",
        Looks::Elsewhere,
    ),
    rule("ec2-imdsv2-check", "EC2_IMDSV2_CHECK", "AWS::EC2::Instance", "Instances ask for a token.", Looks::Elsewhere),
    rule("encrypted-volumes", "ENCRYPTED_VOLUMES", "AWS::EC2::Volume", "Volumes are encrypted.", Looks::Elsewhere),
    rule(
        "guardduty-enabled-centralized",
        "GUARDDUTY_ENABLED_CENTRALIZED",
        "AWS::::Account",
        "GuardDuty is on.",
        Looks::Detector,
    ),
    rule("iam-password-policy", "IAM_PASSWORD_POLICY", "AWS::::Account", "Passwords are long.", Looks::Elsewhere),
    rule(
        "iam-root-access-key-check",
        "IAM_ROOT_ACCESS_KEY_CHECK",
        "AWS::::Account",
        "The root user has no keys.",
        Looks::Elsewhere,
    ),
    rule(
        "iam-user-mfa-enabled",
        "IAM_USER_MFA_ENABLED",
        "AWS::IAM::User",
        "Users have a second factor.",
        Looks::Elsewhere,
    ),
    rule(
        "kms-cmk-not-scheduled-for-deletion",
        "KMS_CMK_NOT_SCHEDULED_FOR_DELETION",
        "AWS::KMS::Key",
        "No key is about to go.",
        Looks::Keys,
    ),
    rule(
        "lambda-function-public-access-prohibited",
        "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED",
        "AWS::Lambda::Function",
        "Functions are private.",
        Looks::Elsewhere,
    ),
    rule(
        "mfa-enabled-for-iam-console-access",
        "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
        "AWS::IAM::User",
        "The console asks for a second factor.",
        Looks::Elsewhere,
    ),
    rule(
        "multi-region-cloudtrail-enabled",
        "MULTI_REGION_CLOUD_TRAIL_ENABLED",
        "AWS::::Account",
        "A trail covers all Regions.",
        Looks::Trail,
    ),
    rule(
        "org-dynamodb-no-public-policy",
        "org-dynamodb-no-public-policy",
        TABLE,
        "No table policy names everybody.",
        Looks::NoPublicPolicy,
    ),
    rule("org-dynamodb-owner-tag", "org-dynamodb-owner-tag", TABLE, "Tables name their owner.", Looks::NotYet),
    rule(
        "rds-storage-encrypted",
        "RDS_STORAGE_ENCRYPTED",
        "AWS::RDS::DBInstance",
        "Databases are encrypted.",
        Looks::Elsewhere,
    ),
    rule("restricted-ssh", "INCOMING_SSH_DISABLED", "AWS::EC2::SecurityGroup", "SSH is closed.", Looks::Elsewhere),
    rule(
        "root-account-mfa-enabled",
        "ROOT_ACCOUNT_MFA_ENABLED",
        "AWS::::Account",
        "The root user has a second factor.",
        Looks::Elsewhere,
    ),
    rule(
        "s3-account-level-public-access-blocks",
        "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS",
        "AWS::::Account",
        "Buckets cannot be public.",
        Looks::Elsewhere,
    ),
    rule(
        "s3-bucket-ssl-requests-only",
        "S3_BUCKET_SSL_REQUESTS_ONLY",
        "AWS::S3::Bucket",
        "Buckets ask for TLS.",
        Looks::Elsewhere,
    ),
    rule(
        "secretsmanager-rotation-enabled-check",
        "SECRETSMANAGER_ROTATION_ENABLED_CHECK",
        "AWS::SecretsManager::Secret",
        "Secrets rotate.",
        Looks::Elsewhere,
    ),
    rule(
        "service-vpc-endpoint-enabled",
        "SERVICE_VPC_ENDPOINT_ENABLED",
        "AWS::EC2::VPC",
        "VPCs have an endpoint for DynamoDB.",
        Looks::Elsewhere,
    ),
    rule(
        "vpc-default-security-group-closed",
        "VPC_DEFAULT_SECURITY_GROUP_CLOSED",
        "AWS::EC2::SecurityGroup",
        "Default groups are closed.",
        Looks::Elsewhere,
    ),
    rule("vpc-flow-logs-enabled", "VPC_FLOW_LOGS_ENABLED", "AWS::EC2::VPC", "Flows are logged.", Looks::Elsewhere),
];
