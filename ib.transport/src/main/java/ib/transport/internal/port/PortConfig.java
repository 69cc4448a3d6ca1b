// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.internal.ethernet.Faults;
import ib.transport.internal.ethernet.LinkAddress;
import ib.transport.internal.io.DatagramIoOptions.Mode;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a port is configured with, checked.
 *
 * @param name of the port
 * @param address that it is bound to
 * @param guid EUI-64
 * @param mtuBytes largest path MTU wanted: 256, 512, 1024, 2048 or 4096
 * @param mode of the socket
 * @param receiveBufferBytes asked of the system
 * @param sendBufferBytes asked of the system
 * @param ecn whether packets say that routers may mark them instead of dropping them (ECT(0))
 * @param sourcePorts UDP source ports that queue pairs are spread over; 1 is the port's own
 * @param link where Ethernet frames go, or null for a UDP socket
 * @param faults what goes wrong on that link on purpose
 * @param source where the configuration comes from, for messages
 */
record PortConfig(
    String name,
    InetAddress address,
    long guid,
    int mtuBytes,
    Mode mode,
    int receiveBufferBytes,
    int sendBufferBytes,
    boolean ecn,
    int sourcePorts,
    @Nullable LinkAddress link,
    Faults faults,
    String source) {}
