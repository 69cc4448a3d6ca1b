// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import java.util.Locale;

/**
 * How a socket is opened.
 *
 * @param mode which implementation
 * @param receiveBufferBytes asked of the system; it may grant less
 * @param sendBufferBytes asked of the system; it may grant less
 * @param sendOffload whether runs of equal-size packets are sent as one where possible ({@code
 *     UDP_SEGMENT})
 * @param receiveOffload whether they are received as one where possible ({@code UDP_GRO})
 * @param sendPackets most packets that wait in the send batch
 * @param maxPacketBytes longest packet that is sent, in bytes of UDP payload
 * @param trafficClass IPv4 TOS or IPv6 traffic class of what is sent, 0..255; its low two bits are
 *     ECN
 * @param errors told of packets that could not be sent
 */
public record DatagramIoOptions(
    Mode mode,
    int receiveBufferBytes,
    int sendBufferBytes,
    boolean sendOffload,
    boolean receiveOffload,
    int sendPackets,
    int maxPacketBytes,
    int trafficClass,
    SendErrorListener errors) {

  /** Which implementation. */
  public enum Mode {
    /** Native where the system has it, else a channel. */
    AUTO,
    /** System calls of Linux. */
    NATIVE,
    /** {@link java.nio.channels.DatagramChannel}. */
    CHANNEL;

    /**
     * The mode of a configuration value.
     *
     * @throws IllegalArgumentException that names the value and what is allowed
     */
    public static Mode of(String value) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "auto" -> AUTO;
        case "native" -> NATIVE;
        case "channel" -> CHANNEL;
        default ->
            throw new IllegalArgumentException(
                "datagram I/O mode '" + value + "': must be auto, native or channel");
      };
    }
  }

  private static final int LARGEST_DATAGRAM = 65_507;

  /** Checks the ranges. */
  public DatagramIoOptions {
    if (sendPackets < 1 || maxPacketBytes < 1 || maxPacketBytes > LARGEST_DATAGRAM) {
      throw new IllegalArgumentException(
          "sendPackets "
              + sendPackets
              + " must be 1 or more, maxPacketBytes "
              + maxPacketBytes
              + " must be 1.."
              + LARGEST_DATAGRAM);
    }
    if (trafficClass < 0 || trafficClass > 255) {
      throw new IllegalArgumentException("trafficClass " + trafficClass + ": must be 0..255");
    }
  }

  /** The usual options. */
  public static DatagramIoOptions defaults() {
    return new DatagramIoOptions(
        Mode.AUTO, 8 << 20, 8 << 20, true, true, 256, 4608, 0, (cause, to, length) -> {});
  }

  /** These options with another implementation. */
  public DatagramIoOptions withMode(Mode newMode) {
    return new DatagramIoOptions(
        newMode,
        receiveBufferBytes,
        sendBufferBytes,
        sendOffload,
        receiveOffload,
        sendPackets,
        maxPacketBytes,
        trafficClass,
        errors);
  }

  /** These options with other socket buffers, in bytes. */
  public DatagramIoOptions withBuffers(int newReceiveBufferBytes, int newSendBufferBytes) {
    return new DatagramIoOptions(
        mode,
        newReceiveBufferBytes,
        newSendBufferBytes,
        sendOffload,
        receiveOffload,
        sendPackets,
        maxPacketBytes,
        trafficClass,
        errors);
  }

  /** These options with offload of sends and receives on or off. */
  public DatagramIoOptions withOffload(boolean send, boolean receive) {
    return new DatagramIoOptions(
        mode,
        receiveBufferBytes,
        sendBufferBytes,
        send,
        receive,
        sendPackets,
        maxPacketBytes,
        trafficClass,
        errors);
  }

  /** These options with another size of the send batch. */
  public DatagramIoOptions withSendBatch(int packets, int longestPacketBytes) {
    return new DatagramIoOptions(
        mode,
        receiveBufferBytes,
        sendBufferBytes,
        sendOffload,
        receiveOffload,
        packets,
        longestPacketBytes,
        trafficClass,
        errors);
  }

  /** These options with another traffic class, 0..255. */
  public DatagramIoOptions withTrafficClass(int newTrafficClass) {
    return new DatagramIoOptions(
        mode,
        receiveBufferBytes,
        sendBufferBytes,
        sendOffload,
        receiveOffload,
        sendPackets,
        maxPacketBytes,
        newTrafficClass,
        errors);
  }

  /** These options with another listener. */
  public DatagramIoOptions withErrors(SendErrorListener listener) {
    return new DatagramIoOptions(
        mode,
        receiveBufferBytes,
        sendBufferBytes,
        sendOffload,
        receiveOffload,
        sendPackets,
        maxPacketBytes,
        trafficClass,
        listener);
  }
}
