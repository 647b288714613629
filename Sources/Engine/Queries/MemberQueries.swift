internal import Contract
public import Model
public import Overlay

// What people ask about the network's nodes. Reads change nothing.
extension NodeEngine {
  func name(of node: NodeID) -> String {
    if node == identity.node { return profile.name }
    return overlay.member(node)?.name ?? books.values.lazy.compactMap { $0.roster[node]?.name }.first ?? node.short
  }

  /// The name, with the start of the id where another member has the same.
  func distinctName(of node: NodeID) -> String {
    let name = name(of: node)
    let isShared =
      (node != identity.node && profile.name == name) || overlay.members.contains { $0.id != node && $0.name == name }
    return isShared ? "\(name) (\(node.short))" : name
  }

  func state(of node: NodeID) -> String {
    if node == identity.node { return MemberState.alive.rawValue }
    if overlay.revoked.contains(node) { return "revoked" }
    return overlay.member(node)?.state.rawValue ?? "unknown"
  }

  /// This node first, then the others by name.
  public func memberViews() -> [MemberView] {
    let others = overlay.members.map(view)
    return [ownView] + others.sorted { ($0.name, $0.node.hexadecimal) < ($1.name, $1.node.hexadecimal) }
  }

  /// nil for a node that is not known here.
  public func memberDetail(_ node: NodeID) -> MemberDetailView? {
    if node == identity.node {
      return overlay.ownMemberRecord.map { detail(ownView, $0, epoch: identity.epoch, accusers: [], lastHeard: nil) }
    }
    guard let member = overlay.member(node), let record = overlay.memberRecord(of: node) else { return nil }
    return detail(
      view(member), record, epoch: member.epoch, accusers: member.accusers,
      lastHeard: member.lastHeard?.wallMilliseconds)
  }

  private var ownView: MemberView {
    MemberView(
      node: identity.node, name: profile.name, kind: profile.kind, addresses: overlay.ownAddresses,
      state: MemberState.alive.rawValue, sinceMilliseconds: overlay.ownStartMilliseconds, isSelf: true, linked: false,
      roundTripMicroseconds: nil)
  }

  private func view(_ member: KnownMember) -> MemberView {
    MemberView(
      node: member.id, name: member.name, kind: member.kind, addresses: member.addresses,
      state: state(of: member.id), sinceMilliseconds: member.since.wallMilliseconds, isSelf: false,
      linked: member.isLinked, roundTripMicroseconds: member.roundTrip.map { Int64($0 / .microseconds(1)) })
  }

  private func detail(
    _ view: MemberView, _ record: MemberRecord, epoch: Int, accusers: [NodeID], lastHeard: Int64?
  ) -> MemberDetailView {
    MemberDetailView(
      member: view, owner: owner(of: view.node), accusers: accusers.map { .init(node: $0, name: name(of: $0)) },
      lastHeardMilliseconds: lastHeard, startedMilliseconds: record.startedMilliseconds, epoch: epoch,
      incarnation: record.incarnation,
      // A record's number is the time of its making, or more where a clock went back.
      datagramKeyMilliseconds: Int64(record.incarnation), admission: AdmissionView(record.admission))
  }

  private func owner(of node: NodeID) -> String? {
    if node == identity.node { return profile.owner }
    return books.values.sorted { $0.id < $1.id }.lazy.compactMap { $0.roster[node]?.owner }.first
  }
}

extension AdmissionView {
  public init(_ admission: Admission) {
    switch admission {
    case .founder: way = .founder
    case .invitation: way = .invitation
    case .allowed: way = .allowList
    case .voted: way = .vote
    }
    by = admission.grant?.statement.author
    joinableUntilMilliseconds = (try? admission.grant?.statement.decode(Grant.self))?.expiresMilliseconds
  }
}
