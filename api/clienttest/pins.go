package clienttest

// What generated clients import is pinned here, so that a generated client is never built with a version that nobody
// has tried.
import _ "github.com/oapi-codegen/runtime"
