//! Functions the agent may call during a call.
