public import Model

extension OverlayCore {
  /// A member's newest record, whose signatures hold; nil for this node and for one that is not known.
  public func memberRecord(of node: NodeID) -> MemberRecord? { table[node]?.checked.record }
}
