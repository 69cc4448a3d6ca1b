// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

/** perftest's usual line: a TCP connection. */
final class TcpPerfLine implements PerfLine {
  private final SideChannel side;
  private final boolean client;

  TcpPerfLine(SideChannel side, boolean client) {
    this.side = side;
    this.client = client;
  }

  @Override
  public byte[] swap(String what, byte[] mine) throws ToolException {
    if (client) {
      side.write(mine);
    }
    byte[] theirs = side.read("couldn't read the peer's " + what, mine.length);
    if (!client) {
      side.write(mine);
    }
    return theirs;
  }

  @Override
  public PerfDest shake(PerfDest mine) throws ToolException {
    return PerfDest.parse(swap("address", mine.toMessage()));
  }

  @Override
  public void awaitClient(int timeoutS) throws ToolException {
    side.awaitPeer("the client does not come to its end", timeoutS);
  }

  @Override
  public SideChannel.Peer peer() throws ToolException {
    return side.peer(1);
  }

  @Override
  public void done() throws ToolException {
    side.writeDone();
  }
}
