"""From an event to its turn: events, the inbox that keeps them, the lease that lets one invocation work it off."""
