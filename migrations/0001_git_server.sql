CREATE TABLE "bundle" (
	"id" uuid PRIMARY KEY NOT NULL,
	"repository_id" bigint,
	"repository_size_bytes" bigint NOT NULL,
	"refs_version" bigint NOT NULL,
	"tips" bytea NOT NULL,
	"upload_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ready_at" timestamp with time zone,
	"retired_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "lfs_lock" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"path" text COLLATE "C" NOT NULL,
	"owner_id" bigint NOT NULL,
	"locked_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "lfs_object" (
	"repository_id" bigint NOT NULL,
	"oid" bytea NOT NULL,
	"size_bytes" bigint NOT NULL,
	"blob_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lfs_object_repository_id_oid_pk" PRIMARY KEY("repository_id","oid")
);
--> statement-breakpoint
CREATE TABLE "lfs_upload" (
	"id" uuid PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"oid" bytea NOT NULL,
	"size_bytes" bigint NOT NULL,
	"upload_id" text,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ssh_key" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ssh_key_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint,
	"repository_id" bigint,
	"title" text NOT NULL,
	"public_key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"read_only" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone,
	CONSTRAINT "ssh_key_owner" CHECK (("ssh_key"."user_id" is null) <> ("ssh_key"."repository_id" is null))
);
--> statement-breakpoint
ALTER TABLE "repository" ADD COLUMN "git_settings" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "bundle" ADD CONSTRAINT "bundle_repository_id_repository_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repository"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lfs_lock" ADD CONSTRAINT "lfs_lock_repository_id_repository_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repository"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lfs_lock" ADD CONSTRAINT "lfs_lock_owner_id_account_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lfs_object" ADD CONSTRAINT "lfs_object_repository_id_repository_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repository"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ssh_key" ADD CONSTRAINT "ssh_key_user_id_account_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."account"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ssh_key" ADD CONSTRAINT "ssh_key_repository_id_repository_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repository"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bundle_repository" ON "bundle" USING btree ("repository_id","ready_at");--> statement-breakpoint
CREATE UNIQUE INDEX "lfs_lock_path" ON "lfs_lock" USING btree ("repository_id","path");--> statement-breakpoint
CREATE INDEX "lfs_upload_object" ON "lfs_upload" USING btree ("repository_id","oid");--> statement-breakpoint
CREATE INDEX "lfs_upload_expiry" ON "lfs_upload" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ssh_key_fingerprint" ON "ssh_key" USING btree ("fingerprint");--> statement-breakpoint
CREATE INDEX "ssh_key_user" ON "ssh_key" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "ssh_key_repository" ON "ssh_key" USING btree ("repository_id");