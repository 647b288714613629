import Model

// What the network decides by vote about its members (R20): who is cut off is spoken with no more.
extension OverlayCore {
  mutating func decided(revoked now: Set<NodeID>, admitted: Set<NodeID>, _ turn: inout Turn) {
    self.admitted = admitted
    let before = revoked
    revoked = now
    for peer in now.subtracting(before).sorted() where peer != node { cutOff(peer, &turn) }
    for peer in before.subtracting(now).sorted() where peer != node {
      // Whether it lives is to be found out.
      setState(of: peer, .suspected, &turn)
    }
  }

  private mutating func cutOff(_ peer: NodeID, _ turn: inout Turn) {
    if let link = linkOfNode[peer] {
      transmit(OverlayFrame.refusal(.revoked), on: link, lane: .control, &turn)
      close(link, .revoked, &turn)
    }
    endFacts(by: peer, &turn)
    endRumours(by: peer, &turn)
    if let record = table[peer]?.checked { forgetRecordID(of: record) }
    targets[peer] = nil
    comparing[peer] = nil
    setState(of: peer, .left, &turn)
    presenceChanged(&turn)
  }
}
