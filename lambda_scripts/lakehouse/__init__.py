"""What both handlers share, one idea a module. Only boto3, botocore and the standard library are imported here."""
