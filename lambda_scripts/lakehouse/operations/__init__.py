"""What an operator asks for, and what the pipeline does for people on the side: actions, check, crawls, triggers."""
