import Consensus
import Engine
import Ledger
import Model
import NIOCore
import Node
import Overlay
import Sodium
import Storage
import Transport

/// One member of a measured ledger: consensus between a disk, links to the others, and clients. Signatures are made and
/// checked where they are asked for, on the loop's thread.
actor LedgerMember {
  private struct Append {
    let client: any Channel
    let request: UInt64
    let entry: Entry
  }

  private struct Reach {
    let client: any Channel
    let request: UInt64
    let number: Int
  }

  /// What follows from some inputs, in one transaction.
  private struct Turn {
    var inputs: [LedgerConsensus.Input] = []
    var writes: [Write] = []
    var tokens: [WriteToken] = []
    var decided: Int?
  }

  private static let redialAfter = Duration.milliseconds(10)

  private let members: LedgerMembers
  private let index: Int
  private let addresses: [String]
  private let writer: Writer
  private let loop: NetworkLoop
  private let failures: AsyncStream<any Error>.Continuation
  private var transport: PeerTransport?
  private var core: LedgerConsensus
  private var random = Random.system()
  private let started = ContinuousClock.now
  private var links: [LinkID: NodeID] = [:]
  private var linkOfNode: [NodeID: LinkID] = [:]
  private var ticket: UInt64 = 0
  private var promises: [WriteTicket: (tokens: [WriteToken], decided: Int?)] = [:]
  /// Decided, with the certificate on the disk.
  private var decided = 0
  private var clients: [ObjectIdentifier: any Channel] = [:]
  private var appends: [Int: Append] = [:]
  private var reaches: [Reach] = []
  private var office: (isHeld: Bool, term: Int) = (false, 0)

  private var collaboration: CollaborationID { members.collaboration }
  private var identity: LocalIdentity { members.identities[index] }
  private var now: Moment { Moment(uptime: started.duration(to: .now), wallMilliseconds: Wall.milliseconds()) }

  init(
    _ members: LedgerMembers, index: Int, addresses: [String], writer: Writer, loop: NetworkLoop,
    failures: AsyncStream<any Error>.Continuation
  ) {
    self.members = members
    self.index = index
    self.addresses = addresses
    self.writer = writer
    self.loop = loop
    self.failures = failures
    let identity = members.identities[index]
    core = LedgerConsensus(own: identity.node, epoch: identity.epoch, network: identity.network)
  }

  /// Goes on from what lies on the disk.
  func begin(_ recovered: RecoveredChain?, over transport: PeerTransport) {
    self.transport = transport
    decided = recovered?.decision?.body.number ?? 0
    var turn = Turn()
    turn.inputs.append(.open(members.memberSet, ElectionRules(), recovered: recovered))
    // Clients may have come before.
    turn.inputs.append(.busy(collaboration, !clients.isEmpty))
    settle(&turn)
    if index == 0, recovered == nil {
      _ = append("round.opened", members.opening, &turn)
      settle(&turn)
    }
    // Of two members the later one connects.
    for other in 0..<index { dial(other) }
  }

  // MARK: Inputs

  /// What the links brought.
  func take(_ inputs: [OverlayInput]) {
    var turn = Turn()
    for input in inputs {
      switch input {
      case .linkOpened(let link, let peer, _): opened(link, to: peer.statement.author, &turn)
      case .linkClosed(let link, _): closed(link, &turn)
      case .dialFailed(let node, _, _): redial(node)
      case .frame(let link, let bytes):
        guard let node = links[link] else { continue }
        do {
          let (collaboration, message) = try ConsensusFrame.decode(bytes)
          turn.inputs.append(.received(collaboration, message, from: node))
        } catch {
          failures.yield(error)
        }
      default: break
      }
    }
    settle(&turn)
  }

  private func opened(_ link: LinkID, to node: NodeID, _ turn: inout Turn) {
    if let before = linkOfNode[node] {
      links[before] = nil
      turn.inputs.append(.linkClosed(node))
    }
    links[link] = node
    linkOfNode[node] = link
    turn.inputs.append(.linkOpened(node))
  }

  private func closed(_ link: LinkID, _ turn: inout Turn) {
    guard let node = links.removeValue(forKey: link) else { return }
    linkOfNode[node] = nil
    turn.inputs.append(.linkClosed(node))
    redial(node)
  }

  private func redial(_ node: NodeID) {
    guard let other = members.index(of: node), other < index else { return }
    // Until it is there again there is nothing that would tell.
    _ = loop.schedule(after: Self.redialAfter) { Task { await self.dial(other) } }
  }

  private func dial(_ other: Int) {
    let node = members.identities[other].node
    guard linkOfNode[node] == nil else { return }
    transport?.perform(.dial(address: addresses[other], expecting: node))
  }

  func tick() {
    var turn = Turn()
    turn.inputs.append(.tick)
    settle(&turn)
  }

  func durable(_ tickets: [WriteTicket]) {
    var turn = Turn()
    for ticket in tickets {
      guard let promise = promises.removeValue(forKey: ticket) else { continue }
      turn.inputs += promise.tokens.map { .durable($0) }
      if let number = promise.decided { answer(through: number) }
    }
    settle(&turn)
  }

  // MARK: Clients

  func serve(_ arrivals: [ClientDoor.Arrival]) {
    var turn = Turn()
    for arrival in arrivals {
      switch arrival {
      case .opened(let client):
        clients[ObjectIdentifier(client)] = client
        tell(.office(isHeld: office.isHeld, term: office.term), client)
        turn.inputs.append(.busy(collaboration, true))
      case .closed(let client):
        clients[ObjectIdentifier(client)] = nil
        turn.inputs.append(.busy(collaboration, !clients.isEmpty))
      case .message(.append(let request, let value), let client):
        guard core.isInOffice(collaboration), !core.isFull(collaboration),
          let entry = append(LedgerMembers.entryKind, LedgerMembers.body(value), &turn)
        else {
          tell(.refused(request: request), client)
          continue
        }
        appends[entry.number] = Append(client: client, request: request, entry: entry)
      case .message(.reach(let request, let number), let client):
        reaches.append(Reach(client: client, request: request, number: number))
      }
    }
    settle(&turn)
    answerReaches()
  }

  private func append(_ kind: String, _ body: JSON, _ turn: inout Turn) -> Entry? {
    var effects: LedgerConsensus.Effects = []
    let entry = try? core.append(kind: kind, body: body, to: collaboration, at: now, into: &effects)
    carryOut(effects, &turn)
    return entry
  }

  private func answer(through number: Int) {
    for place in stride(from: decided + 1, through: number, by: 1) {
      guard let append = appends.removeValue(forKey: place) else { continue }
      // Another term may have put another entry there.
      let isSame = core.entry(place, of: collaboration) == append.entry
      tell(
        isSame
          ? .decided(
            request: append.request, number: place, term: append.entry.term, hash: append.entry.hash)
          : .refused(request: append.request), append.client)
    }
    decided = max(decided, number)
    answerReaches()
  }

  private func answerReaches() {
    for reach in reaches where reach.number <= decided { tell(.reached(request: reach.request), reach.client) }
    reaches.removeAll { $0.number <= decided }
  }

  /// Clients know at once whom to ask.
  private func tellOffice() {
    let new = (isHeld: core.isInOffice(collaboration), term: core.office(of: collaboration)?.term ?? 0)
    guard new != office else { return }
    office = new
    if !new.isHeld {
      for append in appends.values { tell(.refused(request: append.request), append.client) }
      appends = [:]
    }
    for client in clients.values { tell(.office(isHeld: new.isHeld, term: new.term), client) }
  }

  private func tell(_ message: MemberMessage, _ client: any Channel) {
    client.writeAndFlush(message.framed(), promise: nil)
  }

  // MARK: Steps

  /// Takes inputs and what follows from them, then hands all writes over as one transaction.
  private func settle(_ turn: inout Turn) {
    var next = 0
    while next < turn.inputs.count {
      let input = turn.inputs[next]
      next += 1
      var effects: LedgerConsensus.Effects = []
      core.step(input, at: now, random: &random, into: &effects)
      carryOut(effects, &turn)
    }
    if !turn.writes.isEmpty {
      ticket += 1
      promises[WriteTicket(ticket)] = (turn.tokens, turn.decided)
      do {
        try writer.enqueue(turn.writes, ticket: WriteTicket(ticket))
      } catch {
        failures.yield(error)
      }
    }
    turn = Turn()
    tellOffice()
  }

  private func carryOut(_ effects: LedgerConsensus.Effects, _ turn: inout Turn) {
    for effect in effects {
      switch effect {
      case .store(_, let writes, let token):
        turn.writes += writes.map { .ledger($0) }
        turn.tokens.append(token)
      case .send(let collaboration, let message, let node): send(message, of: collaboration, to: node)
      case .sign(let statement, let token):
        turn.inputs.append(.signed(token, identity.signingKey.sign(statement.signedBytes)))
      case .verify(let claims, let token): turn.inputs.append(.verified(token, claims.allSatisfy(\.holds)))
      case .judge(_, _, _, let token): turn.inputs.append(.judged(token, .accepted))
      case .decided(_, let number): turn.decided = number
      case .elected(_, let opening): open(opening, &turn)
      case .conflict, .contradicted, .refused, .setBack:
        failures.yield(BenchmarkFailure("honest members disagree: \(effect)"))
      case .dropped, .termChanged, .dropping: break
      }
    }
  }

  /// The term begins with this entry, unless the same step went on to a later one.
  private func open(_ opening: TermOpened, _ turn: inout Turn) {
    guard let office = core.office(of: collaboration), office.promised == opening.election.body.term,
      office.term == office.promised, office.coordinator == identity.node
    else { return }
    do {
      _ = append(TermOpened.kind, try CanonicalJSON.json(of: opening), &turn)
    } catch {
      failures.yield(error)
    }
  }

  private func send(_ message: ConsensusMessage, of collaboration: CollaborationID, to node: NodeID) {
    guard let link = linkOfNode[node] else { return }
    do {
      let (bytes, lane) = try ConsensusFrame.encode(message, of: collaboration)
      transport?.perform(.transmit(link, bytes, lane: lane))
    } catch {
      failures.yield(error)
    }
  }
}
