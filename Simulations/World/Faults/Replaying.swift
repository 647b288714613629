internal import Engine
internal import Model
internal import Overlay

// An eavesdropper who writes down what passes, and sends it again later.
extension SimulatedNetwork {
  package func beginCapture(byteLimit: Int = 256 << 20) { capture = Capture(byteLimit: byteLimit) }

  package func endCapture() -> Capture? {
    defer { capture = nil }
    return capture
  }

  /// Sends all captured datagrams again to where they went, evenly spread over a time, and from where they came.
  package func replayDatagrams(_ captured: Capture, over duration: Duration) {
    guard !captured.datagrams.isEmpty else { return }
    replay(captured.datagrams[...], every: duration / captured.datagrams.count)
  }

  private func replay(_ datagrams: ArraySlice<Capture.Datagram>, every interval: Duration) {
    guard let datagram = datagrams.first else { return }
    faultCounts.count(.datagramReplayed)
    deliver(.datagram(datagram.bytes, from: nodes[Int(datagram.from)].address), to: Int(datagram.to), after: .zero)
    act(after: interval) { $0.replay(datagrams.dropFirst(), every: interval) }
  }

  /// Connects to each host that was dialled and says what its dialler had said.
  package func replayGreetings(_ captured: Capture) {
    for (_, greeting) in captured.greetings.sorted(by: { $0.key < $1.key }) where nodes[greeting.to].isUp {
      faultCounts.count(.greetingReplayed)
      speak(greeting.messages, to: greeting.to)
    }
  }

  /// A stranger connects to a host and says something, whatever is answered.
  package func speak(_ messages: [[UInt8]], to index: Int) {
    do throws(HandshakeError) {
      var handshake = try listening(at: index)
      for message in messages {
        let progress = try handshake.receive(
          message, nowMilliseconds: moment(at: index).wallMilliseconds,
          isMember: { [admitted = nodes[index].admitted] in admitted.contains($0) })
        if case .finished(let session, _) = progress {
          breach("node \(index) took a stranger for node \(session.peer.node.short)")
        }
      }
      give(.overlay(.dropped(.handshakeTimeout, count: 1)), to: index)
    } catch {
      give(.overlay(.dropped(error.dropReason, count: 1)), to: index)
    }
  }
}
