// SPDX-License-Identifier: Apache-2.0
/**
 * The port: joins the transport engine to a UDP socket on an agent, as a service for each {@code
 * ib.port} configuration, with its operator commands.
 */
@NullMarked
package ib.transport.internal.port;

import org.jspecify.annotations.NullMarked;
