/// What shows that a request was decided: a text that is a value in the body of one decided entry.
package struct Marker: Hashable, Sendable {
  /// A whole text value anywhere in the body, such as the hash of the request.
  package let text: String
  /// Only entries of this kind count; of any kind if none. Later entries may name the request too.
  package let kind: String?

  package init(_ text: String, kind: String? = nil) {
    self.text = text
    self.kind = kind
  }
}

/// A quiet time in which the protocol must get on.
struct Window: Sendable {
  let deadline: Duration
  let floor: Int
  let nodes: [Digest]
  let markers: [Marker]
}
