package checkout

// SettlementsMax is for tests from outside.
const SettlementsMax = settlementsMax
