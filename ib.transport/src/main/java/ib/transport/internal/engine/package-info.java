// SPDX-License-Identifier: Apache-2.0
/**
 * The transport engine of a port, sans I/O: state machines that take packets, posted work, memory
 * (through {@link ib.transport.QpBackend}) and a time, and give packets (to a {@link
 * ib.transport.internal.engine.PacketSink}), completions and the next deadline.
 *
 * <p>There is no thread, socket or clock in here; everything belongs to the agent thread of the
 * port, and nothing is allocated per packet or operation. Source of the protocol: InfiniBand
 * Architecture Specification vol. 1, chapter 9.
 */
@NullMarked
package ib.transport.internal.engine;

import org.jspecify.annotations.NullMarked;
