// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
import ib.verbs.QpType;
import java.net.InetSocketAddress;

/**
 * What a REQ is made from.
 *
 * @param qpn of our queue pair
 * @param type RC or UC
 * @param destination address and RDMA-CM port of the peer
 * @param serviceId the service asked for
 * @param params what we propose
 */
record ConnectSpec(
    int qpn, QpType type, InetSocketAddress destination, long serviceId, ConnectParams params) {}
