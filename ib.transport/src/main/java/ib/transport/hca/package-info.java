// SPDX-License-Identifier: Apache-2.0
/**
 * What all HCA drivers share: commands to the agent, doorbells, the life of a resource, limits,
 * keys, and the reading of their configuration. No hardware: each driver has a model of its own.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.transport.hca;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
