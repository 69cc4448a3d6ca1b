// SPDX-License-Identifier: Apache-2.0
/**
 * The port and its transport engine, for drivers and the connection manager (import {@code
 * [1.0,1.1)} to implement {@link ib.transport.QpBackend}, {@code [1,2)} otherwise).
 *
 * <p>A {@code RdmaPort} owns the UDP socket, QP1 and the QP numbers and runs one {@link
 * ib.transport.PortQp} for each queue pair of the devices on it. The engine knows no device: it
 * pulls decoded work queue entries from, and reaches memory only through, the {@link
 * ib.transport.QpBackend} that the hardware model of a driver implements. Everything here happens
 * on the port's agent thread unless a method says otherwise.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.transport;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
