// SPDX-License-Identifier: Apache-2.0
/**
 * The agent: one thread that owns protocol state and runs the tasks of one or more ports.
 *
 * <p>State that belongs to an agent is touched only by the thread that holds the agent at that
 * moment ({@link ib.transport.agent.Agent#inAgent()}). Other threads hand it commands over a
 * bounded queue, or drive it for one turn.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.transport.agent;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
