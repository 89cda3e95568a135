"""AWS as the lakehouse uses it: S3, Athena, Glue, Lambda, QuickSight. The only place with a boto3 client."""
