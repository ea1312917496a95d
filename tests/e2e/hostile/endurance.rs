//! Endurance.
