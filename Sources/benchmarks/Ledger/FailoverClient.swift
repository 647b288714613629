import Model
import NIOCore
import NIOPosix

/// A client that appends to a ledger whoever coordinates it: one append after another, each given anew to the next
/// coordinator until it is decided. What happens comes to it as events, one at a time.
struct FailoverClient {
  struct Decided: Sendable {
    let number: Int
    let term: Int
    let hash: Digest
    let at: ContinuousClock.Instant
  }

  enum Event: Sendable {
    case connected(Int, any Channel)
    case message(Int, MemberMessage)
    case closed(Int)
    /// The pause before the next append is over.
    case due
    /// A pause that somebody else asked for is over.
    case alarm(UInt64)
  }

  /// Between two appends: a thousand failovers leave a ledger that a restart still reads in a second or two.
  private static let pause = TimeAmount.milliseconds(2)

  private let value: String
  private let events: AsyncStream<Event>
  let feed: AsyncStream<Event>.Continuation
  private var channels: [Int: any Channel] = [:]
  /// Who takes appends, by its own word, and in which term.
  private(set) var office: (member: Int, term: Int)?
  private var highestTerm = 0
  private var request: UInt64 = 0
  private var isWaiting = false
  private(set) var decided: [Decided] = []
  private(set) var reached: Set<Int> = []
  private var alarms: UInt64 = 0

  init(value: String) {
    self.value = value
    (events, feed) = AsyncStream.makeStream(of: Event.self)
  }

  func isConnected(to member: Int) -> Bool { channels[member] != nil }

  /// Takes events until something holds.
  ///
  /// - Throws: `BenchmarkFailure` that says what did not come.
  mutating func untilHolds(
    _ what: String, within limit: Duration = .seconds(60), _ holds: (FailoverClient) -> Bool
  ) async throws {
    if holds(self) { return }
    let deadline = alarm(after: limit)
    for await event in events {
      take(event)
      if holds(self) { return }
      if case .alarm(deadline) = event { break }
    }
    try Task.checkCancellation()
    throw BenchmarkFailure("\(what) did not come within \(Int(limit.inSeconds)) s")
  }

  /// Goes on appending for a while.
  mutating func goOn(for duration: Duration) async throws {
    let end = alarm(after: duration)
    for await event in events {
      take(event)
      if case .alarm(end) = event { return }
    }
    throw CancellationError()
  }

  private mutating func alarm(after duration: Duration) -> UInt64 {
    alarms += 1
    let number = alarms
    Self.schedule(TimeAmount(duration)) { [feed] in feed.yield(.alarm(number)) }
    return number
  }

  private static func schedule(_ delay: TimeAmount, _ body: @escaping @Sendable () -> Void) {
    MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: delay, body)
  }

  private mutating func take(_ event: Event) {
    switch event {
    case .connected(let member, let channel): channels[member] = channel
    case .closed(let member): leave(member)
    case .due: append()
    case .alarm: break
    case .message(let member, let message): take(message, from: member)
    }
  }

  private mutating func take(_ message: MemberMessage, from member: Int) {
    switch message {
    case .office(true, let term):
      guard term >= highestTerm else { return }
      highestTerm = term
      office = (member, term)
      append()
    case .office(false, _): if office?.member == member { office = nil }
    case .decided(let number, let place, let term, let hash):
      decided.append(Decided(number: place, term: term, hash: hash, at: .now))
      guard number == request else { return }
      isWaiting = false
      Self.schedule(Self.pause) { [feed] in feed.yield(.due) }
    case .refused:
      // Whoever takes office next is asked at once; who still holds it, in a moment.
      if office?.member == member { Self.schedule(Self.pause) { [feed] in feed.yield(.due) } }
    case .reached: reached.insert(member)
    }
  }

  private mutating func leave(_ member: Int) {
    channels[member] = nil
    if office?.member == member { office = nil }
  }

  private mutating func append() {
    guard let office, let channel = channels[office.member] else { return }
    if !isWaiting {
      request += 1
      isWaiting = true
    }
    channel.writeAndFlush(ClientMessage.append(request: request, value: value).framed(), promise: nil)
  }

  /// Asks members to say when they have decided all that was told as decided.
  mutating func askToReach(_ members: some Sequence<Int>) {
    let number = decided.map(\.number).max() ?? 0
    for member in members {
      reached.remove(member)
      channels[member]?.writeAndFlush(ClientMessage.reach(request: 0, number: number).framed(), promise: nil)
    }
  }
}

/// Hands what a member says over to the client.
final class FailoverHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let member: Int
  private let feed: AsyncStream<FailoverClient.Event>.Continuation

  init(member: Int, feed: AsyncStream<FailoverClient.Event>.Continuation) {
    self.member = member
    self.feed = feed
  }

  func channelActive(context: ChannelHandlerContext) { feed.yield(.connected(member, context.channel)) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let message = MemberMessage(unwrapInboundIn(data)) else { return context.close(promise: nil) }
    feed.yield(.message(member, message))
  }

  func channelInactive(context: ChannelHandlerContext) { feed.yield(.closed(member)) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
