package planted

// built says that this build has the bugs. The overlay says so in place of this file.
const built = false
