// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;

/** What the connection manager tells of an accepted connection; its thread. */
final class ChannelEvents implements ConnectionHandler {
  private final Channel channel;

  ChannelEvents(Channel channel) {
    this.channel = channel;
  }

  @Override
  public void onEstablished(Connection connection, byte[] privateData) {
    // Nothing to do: commands are taken from the moment of the accept.
  }

  @Override
  public void onRejected(Connection connection, int reason, byte[] privateData) {
    end("the initiator rejected the connection");
  }

  @Override
  public void onDisconnected(Connection connection) {
    end("the initiator disconnected");
  }

  @Override
  public void onError(Connection connection, String message) {
    end(message);
  }

  private void end(String why) {
    channel.peerEnded(why);
  }
}
